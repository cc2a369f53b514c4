"""Whether somebody only said thanks or good morning: then a kind word is the answer, and no advice."""

from __future__ import annotations

import re
from typing import Literal

MOST_WORDS = 5  # longer than this, somebody may have meant something


def _words(rows: str) -> frozenset[str]:
    return frozenset(rows.split())


THANKS = _words(
    """thanks thank thx ty cheers gracias obrigado obrigada valeu danke dankeschön dank dzięki dzieki dziękuję dziekuje
    merci dhanyavaad dhanyawad dhanyavad shukriya धन्यवाद शुक्रिया थैंक्स 🙏"""
)
GREETS = _words(
    """hi hello hey morning hola buenos buenas oi olá ola bom boa moin hallo servus morgen mahlzeit cześć czesc hej
    witam dobry bonjour salut bonsoir namaste namaskar नमस्ते नमस्कार"""
)
BESIDE = _words(  # what stands beside them and says nothing of its own
    """you u so very much a lot all everyone everybody guys team good evening afternoon night muchas días dias tardes
    noches todos equipo muito dia tarde noite pessoal vielen schön schon guten abend tag zusammen leute bardzo dzień
    dzien wieczór wieczor wszystkim beaucoup à tous bahut bhai sabko ji बहुत भाई सबको जी"""
)


def courtesy(said: str) -> Literal["thanks", "greeting"] | None:
    """Which courtesy a message is if it is nothing else, in any of our languages; None for everything else."""
    words = re.sub(r"[\s.,!;:()“”\"'😊🙂😀❤️👋]+", " ", said.casefold()).split()
    if not words or len(words) > MOST_WORDS or not set(words) <= THANKS | GREETS | BESIDE:
        return None
    if THANKS.intersection(words):
        return "thanks"
    return "greeting" if GREETS.intersection(words) else None


ANSWERS = _words(
    """yes yeah yep no nope nah ok okay k done fixed ready sure not mine me on my way coming still it sí si
    no listo ya voy no es mío mio sim não nao pronto feito já ja vou não é meu ja nein nee erledigt
    fertig komme gleich bin unterwegs nicht meins tak nie gotowe zrobione już juz idę ide nie moje oui
    non fait prêt pret j'arrive pas moi moi haan han nahi nahin ho gaya aa raha hoon mera हाँ हां नहीं
    हो गया आ रहा हूँ मेरा 👍 👌 ✅ 🆗 👎"""
)
_A_TIME = re.compile(
    r"(?:in|en|em|dans|za|about|etwa|ca|dentro de|mein|में)?\s*\d{1,3}\s*"
    r"(?:m|min|mins|minutes?|minuten|minutos?|minut|minuty|h|hrs?|hours?|stunden?|horas?|heures?|godzin[ay]?|ghante?|"
    r"मिनट|घंटे)\s*(?:mein|में)?"
)


_FALSE_ALARM = re.compile(
    r"\b(?:false alarm|falsa alarma|falso alarme|alarme falso|fehlalarm|fa[lł]szywy alarm|fausse alerte|"
    r"jh?oo?tha alarm|galat alarm)\b|झूठा अलार्म|ग़?लत अलार्म",
    re.IGNORECASE,
)


def calls_off(said: str) -> bool:
    """Whether a message says in so many words that it was a false alarm."""
    return _FALSE_ALARM.search(said) is not None


def bare_answer(said: str) -> bool:
    """Whether a message is nothing but an answer: "no", "in 20 min", "not mine"; to no question it means nothing."""
    text = " ".join(re.sub(r"[.,!;:()?]+", " ", said.casefold()).split())
    words = text.split()
    return bool(words) and (_A_TIME.fullmatch(text) is not None or (len(words) <= MOST_WORDS and set(words) <= ANSWERS))
