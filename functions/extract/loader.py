"""The loader of the configured model. Importing this does not import FastAPI."""

from face_engine.model.catalog import Catalog
from face_engine.model.loader import ModelLoader
from face_service.settings import Settings


def create_loader(settings: Settings, catalog: Catalog) -> ModelLoader:
    """Chooses the model, without loading it.

    Args:
        settings: its names are checked against the catalogue.
        catalog: the models.
    """
    return ModelLoader(
        settings.face_model,
        settings.model_dir,
        settings.detector,
        settings.alignment,
        catalog,
        uses_regions=settings.retinaface_regions == "auto",
    )
