"""Errors as answers: status from the table, body from the service's envelope, headers that belong to the status."""

from __future__ import annotations

from stackspan.core import errors, log
from stackspan.http import errors as http_errors
from stackspan.http.call import Call
from stackspan.http.request import Response
from stackspan.http.routing import ServiceApi

_LOG = log.get(__name__)


def response(error: errors.StackspanError, call: Call, api: ServiceApi) -> Response:
    """The answer that tells `error`."""
    status = http_errors.status_of(error, api.statuses)
    if status >= 500:
        _LOG.warning("request refused", status=status, reason=error.log_message, request_id=call.request_id)
    elif error.log_message != error.user_message:
        _LOG.info("request refused", status=status, reason=error.log_message, request_id=call.request_id)
    report = http_errors.ErrorReport(
        status=status,
        message=api.words.get(type(error), error.user_message),
        request_id=call.request_id,
        type_name=getattr(error, "type_name", type(error).__name__),
        code=getattr(error, "code", "placement.undefined_code"),
    )
    envelope = http_errors.identity_envelope if status == 401 else api.envelope
    body, content_type = envelope(report)
    answer = Response(status, body, content_type=content_type)
    if status == 401:
        answer.headers["WWW-Authenticate"] = f'Keystone uri="{call.url_root}/identity"'
    if isinstance(error, http_errors.MethodNotAllowed):
        answer.headers["Allow"] = error.allowed
    return answer


def unexpected(call: Call, api: ServiceApi) -> str:
    """What the stock service says of a mistake of its own."""
    if api.name in ("compute", "volume"):
        return "The server has either erred or is incapable of performing the requested operation."
    return (
        f"An unexpected error prevented the server from fulfilling your request. The request id is {call.request_id}."
    )


def no_service(call: Call) -> Response:
    """404 for a path outside every service's prefix."""
    report = http_errors.ErrorReport(404, "The resource could not be found.", call.request_id, "NotFound", "")
    body, content_type = http_errors.identity_envelope(report)
    return Response(404, body, content_type=content_type)
