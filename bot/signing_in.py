"""Whoever asks for it in their own chat gets a link that signs them in at the page, once (R55)."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from bot.reach import OURS
from nlp.tokens import fold

if TYPE_CHECKING:
    from bot.app import App
    from bot.desk import Desk
    from bot.incoming import Incoming

MOST = 60  # characters
_NO_WORD = re.compile(r"[^\w\u0900-\u097f]+")
ASKED = (
    "login, log in, log me in, sign in, sign me in, sign in link, signin link, login link, send me a sign in link, "
    "send me a login link, i need a login link, i need a sign in link, link to sign in, link to the page, "
    "link to the board, how do i sign in, how do i log in, "
    "enlace para entrar, enlace de acceso, mandame el enlace, mandame un enlace para entrar, mandame el link, "
    "mandame un link para entrar, quiero entrar a la pagina, como entro a la pagina, iniciar sesion, "
    "link de acesso, link para entrar, me manda o link, me manda um link para entrar, manda o link de acesso, "
    "quero entrar na pagina, como entro na pagina, fazer login, "
    "anmelden, anmeldelink, anmelde link, link zum anmelden, schick mir einen anmeldelink, schick mir den anmeldelink, "
    "schick mir einen link zum anmelden, ich will mich anmelden, wie melde ich mich an, einloggen, "
    "zaloguj, zaloguj mnie, link do logowania, przyslij link do logowania, wyslij link do logowania, "
    "daj link do logowania, jak sie zalogowac, chce sie zalogowac, "
    "login karna hai, login link bhejo, mujhe login link bhejo, sign in link bhejo, login kaise kare, "
    "login kaise karu, me connecter, lien de connexion, envoie moi un lien de connexion, "
    "envoie moi le lien de connexion, je veux me connecter, comment me connecter, "
    "लॉगिन, लॉगिन लिंक, लॉगिन लिंक भेजो, मुझे लॉगिन लिंक भेजो, साइन इन लिंक भेजो, लॉगिन करना है, लॉगिन कैसे करें"
)


def asks_to_sign_in(text: str) -> bool:
    """Whether a message asks for a sign-in link and nothing else, in any of our languages."""
    return len(text) <= MOST and _plain(text) in _phrases()


def link_for(app: App, incoming: Incoming) -> str | None:
    """A fresh link where the message asks for one and may have it; None else, and the desk says why."""
    from bot.web.sign_in import issue_link  # the pages know the desk

    if not asks_to_sign_in(incoming.message.text) or not app.config.public_url or _refused(incoming) is not None:
        return None
    return issue_link(app, incoming.person.id)


def signed_in(desk: Desk, incoming: Incoming) -> str:
    """The link, or why there is none here."""
    if (refused := _refused(incoming)) is not None:
        return desk.tell(refused)
    if incoming.link is None:
        return desk.tell("sign_in_nowhere")
    return desk.tell("sign_in_link", link=incoming.link)


def _refused(incoming: Incoming) -> str | None:
    """Why no link is given here: it would sign in whoever reads it first."""
    message = incoming.message
    if incoming.phone is not None or incoming.person.shared:
        return "needs_own_phone"
    if message.channel == OURS:
        return "sign_in_here"
    if message.among:
        return "sign_in_alone"
    if not incoming.decides:
        return "needs_more_proof"
    return "not_your_words" if message.forwarded else None


@cache
def _phrases() -> frozenset[str]:
    return frozenset(_plain(phrase) for phrase in ASKED.split(", "))


def _plain(text: str) -> str:
    return " ".join(fold(word) for word in _NO_WORD.split(text) if word)
