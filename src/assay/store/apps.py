"""The Django application that owns all tables."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """The configuration of the Django application; its label is `store`."""

    name = "assay.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"
