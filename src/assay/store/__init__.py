"""Storage: models, migrations, read models, files, logs."""
