"""Imports FastAPI without what only documents and old models need: a seventh less of its import.

Import this before FastAPI.
"""

import sys

from pydantic import BaseModel

# For each route FastAPI asks whether its models are of Pydantic 1, which it imports for that and
# may do without. Ours are not.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]

# The validators of FastAPI's models of an OpenAPI document are made with the first document.
BaseModel.model_config["defer_build"] = True
import fastapi.openapi.models  # noqa: E402, F401

del BaseModel.model_config["defer_build"]
