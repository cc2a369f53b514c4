"""The plant folder: who works there, what stands there, what its ERP knows, and by which rules it is run."""

from integrations.plant_folder.problems import PlantFolderProblems, Problem
from integrations.plant_folder.reading import (
    FileMarks,
    PlantFolder,
    file_marks,
    read_plant_file,
    read_plant_folder,
    read_records,
    read_rules_text,
    rules_text,
)
from integrations.plant_folder.rules_yaml import default_rules
from integrations.plant_folder.warnings import Warned, warnings_of

__all__ = [
    "FileMarks",
    "PlantFolder",
    "PlantFolderProblems",
    "Problem",
    "Warned",
    "default_rules",
    "file_marks",
    "read_plant_file",
    "read_plant_folder",
    "read_records",
    "read_rules_text",
    "rules_text",
    "warnings_of",
]
