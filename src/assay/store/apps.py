"""The one Django application that owns tables."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """Keeps everything under the label `store`."""

    name = "assay.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"
