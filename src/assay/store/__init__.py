"""KEEPING things: models, migrations, read models, files, logs."""
