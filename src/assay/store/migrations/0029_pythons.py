"""The Pythons of the installation: offered or not, the default, and their installation."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0028_templates'),
    ]

    operations = [
        migrations.CreateModel(
            name='PythonVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('minor', models.CharField(max_length=8, unique=True)),
                ('offered', models.BooleanField(default=True)),
                ('is_default', models.BooleanField(default=False)),
                ('wanted', models.CharField(blank=True, default='', max_length=16)),
                ('state', models.CharField(blank=True, default='', max_length=16)),
                ('detail', models.TextField(blank=True, default='')),
                ('requested_by', models.CharField(blank=True, default='', max_length=150)),
                ('requested_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('is_default',), name='one_default_python')],
            },
        ),
    ]
