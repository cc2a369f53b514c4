"""The words of the shop floor: one YAML file a language, and `common.yaml` for what all languages share."""
