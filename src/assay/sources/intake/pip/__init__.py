"""Requirements files, their lines and options, and the commands that install."""
