"""Studio: JupyterHub servers and kernels in published environments."""
