"""The worker processes, with the time at which each was seen last."""

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0035_feed_attempt")]
    operations = [
        migrations.CreateModel(
            name="WorkerProcess",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("host", models.CharField(max_length=255)),
                ("pid", models.PositiveIntegerField()),
                ("release", models.CharField(max_length=40)),
                ("started_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
            ],
        ),
    ]
