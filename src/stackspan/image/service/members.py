"""Sharing an image with other projects."""

from __future__ import annotations

from stackspan.core import errors as core_errors
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.image import errors
from stackspan.image.model import Image, Member
from stackspan.image.service.base import Parts, image_for
from stackspan.image.store import images as store


class NotShared(core_errors.Forbidden):
    """Only images of visibility `shared` have members."""


class Members:
    """The members of the Image API."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def create(self, context: RequestContext, image_id: str, member_id: str) -> Member:
        """Share. Raises ImageNotFound, NotShared, DuplicateMember, LimitExceeded."""
        now = self._parts.clock.now()
        with self._parts.database.write() as tx:
            image = _shared(tx, context, image_id)
            quota = self._parts.options.member_quota
            if 0 <= quota <= len(store.member_list(tx, image.id)):
                raise errors.LimitExceeded(
                    f"The limit has been exceeded on the number of allowed image members for this image. Maximum: {quota}"
                )
            row = Member(image.id, member_id, "pending", now, now)
            if not store.member_insert(tx, row):
                raise errors.DuplicateMember(member_id, image.id)
            return row

    def list(self, context: RequestContext, image_id: str) -> list[Member]:
        """All for the owner; a member sees itself. Raises ImageNotFound, NotShared."""
        with self._parts.database.read() as tx:
            image = _shared(tx, context, image_id)
            members = store.member_list(tx, image.id)
            if context.is_admin or image.owner == context.project_id:
                return members
            return [member for member in members if member.member_id == context.project_id]

    def get(self, context: RequestContext, image_id: str, member_id: str) -> Member:
        """One member. Raises ImageNotFound, MemberNotFound."""
        for member in self.list(context, image_id):
            if member.member_id == member_id:
                return member
        raise errors.MemberNotFound(member_id, image_id)

    def update(self, context: RequestContext, image_id: str, member_id: str, status: str) -> Member:
        """Accept, reject or postpone; the member's own decision. Raises ImageNotFound, MemberNotFound, Forbidden."""
        found = self.get(context, image_id, member_id)
        if not (context.is_admin or context.project_id == member_id):
            raise core_errors.Forbidden
        with self._parts.database.write() as tx:
            store.member_update(tx, image_id, found.member_id, status, self._parts.clock.now())
        return self.get(context, image_id, member_id)

    def delete(self, context: RequestContext, image_id: str, member_id: str) -> None:
        """Share no longer. Raises ImageNotFound, MemberNotFound."""
        with self._parts.database.write() as tx:
            _shared(tx, context, image_id)
            if not store.member_delete(tx, image_id, member_id):
                raise errors.MemberNotFound(member_id, image_id)


def _shared(tx: Transaction, context: RequestContext, image_id: str) -> Image:
    image = image_for(tx, context, image_id)
    if image.visibility != "shared":
        raise NotShared("Only shared images have members.")
    return image
