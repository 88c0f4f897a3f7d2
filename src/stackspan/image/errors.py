"""Image's errors, in the stock service's words."""

from __future__ import annotations

from stackspan.core import errors


class ImageNotFound(errors.NotFound):
    """No such image, or not the caller's to see."""

    def __init__(self, image_id: str) -> None:
        super().__init__(f"Failed to find image {image_id}")


class MemberNotFound(errors.NotFound):
    """The image isn't shared with that project."""

    def __init__(self, member_id: str, image_id: str) -> None:
        super().__init__(f"Failed to find member {member_id} of image {image_id}")


class TagNotFound(errors.NotFound):
    """The image has no such tag."""

    def __init__(self, tag: str, image_id: str) -> None:
        super().__init__(f"Failed to find tag {tag} of image {image_id}")


class DuplicateImage(errors.Conflict):
    """An image of that id exists."""

    def __init__(self, image_id: str) -> None:
        super().__init__(f"Image ID {image_id} already exists!")


class DuplicateMember(errors.Conflict):
    """It is shared with that project already."""

    def __init__(self, member_id: str, image_id: str) -> None:
        super().__init__(f"The target member {member_id} is already associated with image {image_id}.")


class ImageNotActive(errors.Invalid):
    """A server can't boot from it yet (Compute answers 400)."""

    def __init__(self, image_id: str) -> None:
        super().__init__(f"Image {image_id} is not active.")


class ImageUnbootable(errors.Invalid):
    """Its format isn't one that a server's disk can be made from."""


class InvalidTransition(errors.Conflict):
    """The image's status is in the way."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(f"Image status transition from {old} to {new} is not allowed")


class ImageProtected(errors.Forbidden):
    """A protected image isn't deleted."""

    def __init__(self, image_id: str) -> None:
        super().__init__(f"Image {image_id} is protected and cannot be deleted.")


class ReadOnly(errors.Forbidden):
    """An attribute that the service sets."""

    def __init__(self, attribute: str) -> None:
        super().__init__(f"Attribute '{attribute}' is read-only.")


class ReservedProperty(errors.Forbidden):
    """A name that the service keeps to itself."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Attribute '{name}' is reserved.")


class DeactivatedImage(errors.Forbidden):
    """Its bytes aren't given out."""

    def __init__(self) -> None:
        super().__init__("The requested image has been deactivated. Image data download is forbidden.")


class NoData(errors.Conflict):
    """There are no bytes to give."""


class LimitExceeded(errors.TooLarge):
    """Too many properties, tags or members."""


class FormatMismatch(errors.Invalid):
    """The bytes aren't what disk_format says."""


class StoreMissing(errors.Unavailable):
    """No store is configured, or the image's own is gone from the configuration."""


class RangeNotSatisfiable(errors.StackspanError):
    """The asked range isn't in the image."""


class WrongMediaType(errors.StackspanError):
    """Bytes come as application/octet-stream."""

    default_message = "The content type of image data must be application/octet-stream."
