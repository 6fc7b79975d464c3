"""Imports FastAPI without most of what only documents and old models need: an eighth less.

Import this before FastAPI, and while no other thread makes models of Pydantic.
"""

import sys

from pydantic import BaseModel

# For each route FastAPI asks whether its models are of Pydantic 1, which it imports for that and
# may do without. Ours are not.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]

# Most validators of FastAPI's models of an OpenAPI document are then made with the first document.
BaseModel.model_config["defer_build"] = True
import fastapi.openapi.models  # noqa: E402, F401

del BaseModel.model_config["defer_build"]
