"""Columns of environments by which the catalogue sorts, filled from their versions and summaries, and their indexes."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce


def fill(apps, schema_editor):
    """Write the columns of all environments."""
    model = apps.get_model("store", "Environment")
    shown = apps.get_model("store", "Version").objects.filter(pk=Coalesce(OuterRef("active_id"), OuterRef("latest_id")))
    summaries = apps.get_model("store", "UsageSummary").objects.filter(environment=OuterRef("pk"), days=30)

    def first(rows, column, empty):
        return Coalesce(Subquery(rows.values(column)[:1]), Value(empty))

    model.objects.update(
        shown_number=Subquery(shown.values("number")[:1]),
        shown_published_at=Subquery(shown.values("published_at")[:1]),
        shown_python=first(shown, "python", ""),
        shown_health=first(shown, "health", ""),
        shown_libraries=first(shown, "lock__libraries_count", 0),
        shown_size=first(shown, "lock__size", 0),
        recent_people=first(summaries, "people", 0),
    )


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0031_version_published'),
    ]

    operations = [
        migrations.AddField(
            model_name='environment',
            name='recent_people',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='environment',
            name='shown_health',
            field=models.CharField(blank=True, db_default='', default='', max_length=16),
        ),
        migrations.AddField(
            model_name='environment',
            name='shown_libraries',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='environment',
            name='shown_number',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='environment',
            name='shown_published_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='environment',
            name='shown_python',
            field=models.CharField(blank=True, db_default='', default='', max_length=8),
        ),
        migrations.AddField(
            model_name='environment',
            name='shown_size',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='environment',
            index=models.Index(fields=['workspace', 'shown_number', 'id'], name='environment_by_number'),
        ),
        migrations.AddIndex(
            model_name='environment',
            index=models.Index(fields=['workspace', 'shown_python', 'id'], name='environment_by_python'),
        ),
        migrations.AddIndex(
            model_name='environment',
            index=models.Index(fields=['workspace', 'shown_health', 'id'], name='environment_by_health'),
        ),
        migrations.AddIndex(
            model_name='environment',
            index=models.Index(fields=['workspace', 'shown_libraries', 'id'], name='environment_by_libraries'),
        ),
        migrations.AddIndex(
            model_name='environment',
            index=models.Index(fields=['workspace', 'shown_size', 'id'], name='environment_by_size'),
        ),
        migrations.AddIndex(
            model_name='environment',
            index=models.Index(fields=['workspace', 'shown_published_at', 'id'], name='environment_by_published'),
        ),
        migrations.AddIndex(
            model_name='environment',
            index=models.Index(fields=['workspace', 'recent_people', 'id'], name='environment_by_people'),
        ),
    ]
