"""`/public/schemas/`: the JSON Schemas of the protocol, for anybody."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tidegate.infra.errors import Refusal
from tidegate.orders.schemas import NAMES, schema
from tidegate.web.problems import problem

PATH = "/public/schemas/"


async def listed(request: Request) -> Response:
    """Their names and addresses."""
    data = [{"name": name, "path": f"{PATH}{name}.json"} for name in NAMES]
    return Response(
        msgspec.json.encode({"data": data, "next": None}), media_type="application/json"
    )


async def one(request: Request) -> Response:
    said = schema(request.path_params["name"])
    if said is None:
        refusal = Refusal(
            "not-found", 404, "There is no schema of that name", f"GET {PATH} lists them."
        )
        return problem(refusal, request.state.request_id)
    return Response(said, media_type="application/schema+json")


routes = [Route(PATH, listed), Route(f"{PATH}{{name}}.json", one)]
