"""Applications of projects belong to a workspace, whose administrators define them."""

import django.db.models.deletion
from django.db import migrations, models


def to_each_workspace(apps, schema_editor):
    application, workspace = apps.get_model('store', 'Application'), apps.get_model('store', 'Workspace')
    kept = list(application.objects.filter(workspace=None))
    application.objects.bulk_create(
        application(workspace=place, slug=one.slug, argv=one.argv, needs=one.needs, health=one.health)
        for place in workspace.objects.all()
        for one in kept
    )
    application.objects.filter(workspace=None).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0016_notices'),
    ]

    operations = [
        migrations.AddField(
            model_name='application',
            name='workspace',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='app_applications', to='store.workspace'),
        ),
        migrations.AlterField(
            model_name='application',
            name='slug',
            field=models.CharField(max_length=32),
        ),
        migrations.RunPython(to_each_workspace, migrations.RunPython.noop),
    ]
