"""Require the workspace of applications. Not in 0017: PostgreSQL cannot alter a table whose rows just changed."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0017_applications_by_workspace'),
    ]

    operations = [
        migrations.AlterField(
            model_name='application',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='app_applications', to='store.workspace'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.UniqueConstraint(fields=('workspace', 'slug'), name='one_app_application_slug'),
        ),
    ]
