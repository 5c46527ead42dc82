"""When the worker tried to load an advisory feed, and why it failed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0034_server_indexes")]
    operations = [
        migrations.CreateModel(
            name="FeedAttempt",
            fields=[
                ("source", models.CharField(max_length=500, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("error", models.TextField(blank=True, default="")),
            ],
        ),
    ]
