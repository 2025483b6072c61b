"""The pages of our login: sign in, accept an invitation, change a password, and who there is.

===========================  ================================================================
below /hub/                  is
===========================  ================================================================
login                        name and password
invitation?token=SECRET      choose a name and a password
password                     choose another password; other browsers are signed out
people                       for administrators: who there is; invite, renew, remove
===========================  ================================================================

Each form carries the hub's XSRF token, which JupyterHub checks before our handlers are called.
"""

from __future__ import annotations

import asyncio
from typing import Any

from jupyterhub import orm, roles
from jupyterhub.handlers import BaseHandler
from jupyterhub.handlers.login import LoginHandler
from jupyterhub.utils import new_token
from tornado import web

from gristmill.errors import GristmillError
from gristmill_hub.login.links import invitation_link
from gristmill_hub.login.people import Invitation
from gristmill_hub.roles import ADMIN

__all__ = ["handlers"]


class SignIn(LoginHandler):  # type: ignore[misc]  # JupyterHub has no types
    """JupyterHub's own, in our words: it does not tell whether a name exists."""

    def _render(self, login_error: str | None = None, username: str | None = None, **more: Any) -> Any:
        if self.get_status() == 403 and login_error == "Invalid username or password":
            login_error = "This name and this password do not belong together."
        return super()._render(login_error=login_error, username=username, **more)

    async def post(self) -> None:
        if not self.get_body_argument("username", "") or not self.get_body_argument("password", ""):
            raise web.HTTPError(400, "Give your name and your password.")
        await super().post()


class Page(BaseHandler):  # type: ignore[misc]
    """One of ours."""

    def text(self, field: str, *, strip: bool = True) -> str:
        return str(self.get_body_argument(field, "", strip=strip))

    async def show(self, template: str, **given: Any) -> None:
        self.set_header("Cache-Control", "no-store")
        self.finish(await self.render_template(template, **given))

    def sign_out_elsewhere(self, user: Any) -> None:
        """What other browsers hold counts no more; servers and tokens of one's own go on."""
        user.orm_user.cookie_id = new_token()
        here = self.get_session_cookie()
        for token in self.db.query(orm.APIToken).filter_by(user_id=user.id):
            if token.session_id and token.session_id != here:
                self.db.delete(token)
        self.db.commit()


class Accept(Page):
    """A link that was given out becomes a person, or a new password."""

    async def get(self) -> None:
        await self._form(await self._invitation(self.get_query_argument("token", "")))

    async def post(self) -> None:
        found = await self._invitation(self.text("token"))
        name = found.name if found and found.name else self.authenticator.normalize_username(self.text("name"))
        password = self.text("password", strip=False)
        if found is None:
            await self._form(None)
            return
        if password != self.text("again", strip=False):
            await self._form(found, name, "The two passwords differ.")
            return
        try:
            accept = self.authenticator.people.accept
            person = await self.authenticator.apart(accept, self.text("token"), name, password)
        except GristmillError as error:
            await self._form(found, name, str(error))
            return
        user = await self.auth_to_user({"name": person.name, "admin": person.admin})
        if person.admin:
            roles.grant_role(self.db, entity=user.orm_user, rolename=ADMIN)
        self.sign_out_elsewhere(user)
        self.set_hub_cookie(user)
        self.set_login_cookie(user)
        self.log.info("%s has accepted an invitation", person.name)
        self.redirect(self.default_url or self.hub.base_url)

    async def _invitation(self, secret: str) -> Invitation | None:
        found: Invitation | None = await asyncio.to_thread(self.authenticator.people.invitation, secret)
        return found

    async def _form(self, found: Invitation | None, name: str = "", fault: str = "") -> None:
        self.set_status(404 if found is None else 422 if fault else 200)
        token = self.get_argument("token", "")
        await self.show("invitation.html", invitation=found, token=token, typed=name, fault=fault)


class Password(Page):
    """Another password, by whoever knows the present one."""

    @web.authenticated
    async def get(self) -> None:
        await self.show("password.html", done=False)

    @web.authenticated
    async def post(self) -> None:
        user, login, password = self.current_user, self.authenticator, self.text("password", strip=False)
        if await login.known(self, user.name, self.text("present", strip=False)) is None:
            await self._refuse("This is not your present password.")
            return
        if password != self.text("again", strip=False):
            await self._refuse("The two new passwords differ.")
            return
        try:
            await login.apart(login.people.change, user.name, password)
        except GristmillError as error:
            await self._refuse(str(error))
            return
        self.sign_out_elsewhere(user)
        self.set_hub_cookie(user)
        await self.show("password.html", done=True)

    async def _refuse(self, fault: str) -> None:
        self.set_status(422)
        await self.show("password.html", done=False, fault=fault)


class Everybody(Page):
    """Who there is, for those who administer the hub."""

    @web.authenticated
    async def get(self) -> None:
        await self._list()

    @web.authenticated
    async def post(self) -> None:
        self._must_administer()
        act = {"invite": self._invite, "renew": self._invite, "withdraw": self._withdraw, "remove": self._remove}
        do = act.get(self.text("do"))
        if do is None:
            raise web.HTTPError(400, "This form asks for nothing that is known here.")
        try:
            await do()
        except GristmillError as error:
            self.set_status(error.http)
            await self._list(fault=str(error))

    def _must_administer(self) -> None:
        if not self.current_user.admin:
            raise web.HTTPError(403, "This page is for those who administer this hub.")

    async def _list(self, **more: Any) -> None:
        self._must_administer()
        people = self.authenticator.people
        invitations = await asyncio.to_thread(people.invitations)
        await self.show("people.html", people=await asyncio.to_thread(people.all), invitations=invitations, **more)

    async def _invite(self) -> None:
        name = self.authenticator.normalize_username(self.text("name"))
        secret = await asyncio.to_thread(
            self.authenticator.people.invite, by=self.current_user.name, name=name, admin=self.text("admin") == "yes"
        )
        await self._list(link=invitation_link(self.settings["template_vars"]["address"], secret), link_for=name)

    async def _withdraw(self) -> None:
        await asyncio.to_thread(self.authenticator.people.withdraw, self.text("digest"))
        await self._list()

    async def _remove(self) -> None:
        name = self.text("name")
        if name == self.current_user.name:
            raise web.HTTPError(400, "You cannot remove yourself.")
        user = self.find_user(name)
        if user is None:  # has never been here
            await asyncio.to_thread(self.authenticator.people.remove, name)
        else:
            if user.running:
                await self.stop_single_user(user)
            self.authenticator.delete_user(user)
            await user.delete_spawners()
            self.users.delete(user)
        self.log.info("%s has removed %s", self.current_user.name, name)
        await self._list()


def handlers() -> list[tuple[str, type]]:
    """As JupyterHub takes them; what stands here counts before its own."""
    return [(r"/login", SignIn), (r"/invitation", Accept), (r"/password", Password), (r"/people", Everybody)]
