"""What has files: a JSON body with the files in it, or a form with a JSON part and a part for each file."""

from typing import TypeVar

import msgspec

from tidegate.content.model import ItemIn, MediaIn
from tidegate.infra.errors import bad_field
from tidegate.infra.parsing import decode
from tidegate.intake.model import ReportIn
from tidegate.web.api.endpoint import Call, require_json
from tidegate.web.body import read
from tidegate.web.multipart import is_multipart, read_form

M = TypeVar("M", ItemIn, ReportIn)


async def read_with_files(call: Call, type: type[M], name: str) -> M:
    """What a JSON body says, or a form's JSON part of this `name`; the form's files come after those that
    it names itself. Raises Refusal: 400, 413, 415, 422.
    """
    settings = call.instance.settings
    if not is_multipart(call.request):
        require_json(call.request)
        return decode(await read(call.request, settings.json_limit), type)
    form = await read_form(call.request, settings.upload_limit)
    named = [value.encode() for one, value in form.fields if one == name]
    named += [file.data for file in form.files if file.name == name]
    if len(named) != 1:
        raise bad_field(f"/{name}", f"one JSON part named {name}", f"{len(named)} of them")
    if unknown := [one for one, _ in form.fields if one != name]:
        pointer = f"/{unknown[0][:60]}"
        raise bad_field(pointer, f"the part {name}, or file parts", "an unknown part")
    given = decode(named[0], type)
    files = [
        MediaIn(file.filename, file.content_type or "", file.data)
        for file in form.files
        if file.name != name
    ]
    return msgspec.structs.replace(given, media=[*given.media, *files])
