"""Write the table of modules that `assay.sources.intake.code.import_names` reads.

The sources are `grayskull_pypi_mapping.json` in the wheel of conda-pypi (MIT), `mapping` in the wheel of pipreqs
(Apache-2.0), and `top_pypi_packages.json` in the wheel of guarddog (Apache-2.0), which says what is widely used.
Usage: `python docs/import_names.py conda_pypi-….whl pipreqs-….whl guarddog-….whl`
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from zipfile import ZipFile

from packaging.utils import canonicalize_name

from assay.sources.intake.code.import_names import LOCAL, MODULES, NAMESPACES, is_standard_library
from assay.sources.name_lists import MOST_USED, read_names

GRAYSKULL = "conda_pypi/grayskull_pypi_mapping.json"
PIPREQS = "pipreqs/mapping"
GUARDDOG = "guarddog/analyzer/metadata/resources/top_pypi_packages.json"
# What the sources do not have, or where several libraries have the module: the one to take, and the others.
BY_HAND = """
Bio biopython
Crypto pycryptodome pycrypto
IPython ipython
MySQLdb mysqlclient
PIL pillow pillow-simd
RPi rpi-gpio
attr attrs
bs4 beautifulsoup4
cv2 opencv-python opencv-python-headless opencv-contrib-python opencv-contrib-python-headless
discord discord-py py-cord
docx python-docx
dotenv python-dotenv
faiss faiss-cpu faiss-gpu
fitz pymupdf
gi pygobject
git gitpython
github pygithub
google.api_core google-api-core
google.auth google-auth
google.oauth2 google-auth
google.protobuf protobuf
google.rpc googleapis-common-protos
googleapiclient google-api-python-client
igraph igraph python-igraph
jose python-jose
jwt pyjwt
kafka kafka-python
Levenshtein levenshtein python-levenshtein
magic python-magic
mpl_toolkits matplotlib
mysql mysql-connector-python
numpy numpy
osgeo gdal
pkg_resources setuptools
psycopg2 psycopg2-binary psycopg2
pyximport cython
pylab matplotlib
pythoncom pywin32
pywintypes pywin32
ruamel ruamel-yaml
serial pyserial
setuptools setuptools
skimage scikit-image
sklearn scikit-learn scikit-learn-intelex
slugify python-slugify
socks pysocks
speech_recognition speechrecognition
talib ta-lib
telegram python-telegram-bot
tensorflow tensorflow tensorflow-cpu tensorflow-gpu
torch torch
umap umap-learn
usb pyusb
websocket websocket-client
win32api pywin32
win32clipboard pywin32
win32com pywin32
win32con pywin32
win32file pywin32
win32gui pywin32
win32process pywin32
win32service pywin32
wx wxpython
yaml pyyaml
zmq pyzmq
SimpleITK
autogluon
autoviz
backtrader
casadi
camelot camelot-py
causalnex
celerite
cfgrib
cirq
clearml
comet_ml
contractions
cudf cudf-cu12 cudf-cu11
cuml cuml-cu12 cuml-cu11
cupy cupy-cuda12x cupy-cuda11x cupy
darts
deepchem
dgl
dlib
facenet_pytorch
fastbook
fbprophet
flair
galpy
george
getdist
guidance
highway_env
ibis ibis-framework
ipyleaflet
iris scitools-iris
joypy
kaggle
karateclub
kats
lightkurve
mahotas
mip
mmcv mmcv mmcv-full mmcv-lite
mmdet
mne
mpl_finance
mujoco_py
neptune
nestle
nomic
openbabel openbabel-wheel openbabel
openmm
paddle paddlepaddle paddlepaddle-gpu
pandas_profiling
pennylane
pettingzoo
pybullet
pycaret
pycountry_convert
pyfolio pyfolio-reloaded pyfolio
pygmt
pyhf
pyopenms
pyswarm
pyteomics
qutip
satpy
semopy
stellargraph
strawberryfields
sunpy
ta
tf2onnx
tflite_runtime
theano
top2vec
tpot
urlextract
vtkmodules vtk
weaviate weaviate-client
whisper openai-whisper
windrose
wrf wrf-python
xesmf
yolov5
zipline zipline-reloaded zipline
"""
MAX_OTHERS = 4
LEAST = 5  # characters of a module that is part of the name of a little used library


def write_modules(conda_pypi: Path, pipreqs: Path, guarddog: Path) -> None:
    """Write the table. Of several libraries that have a module the most used one comes first."""
    packages = json.loads(_member(conda_pypi, GRAYSKULL)).values()
    used = {name: place for place, name in enumerate(json.loads(_member(guarddog, GUARDDOG))["packages"])}
    shipped = frozenset(read_names(MOST_USED))
    found: dict[str, set[str]] = defaultdict(set)
    for one in packages:
        found[one["import_name"]].add(canonicalize_name(one["pypi_name"]))
    for line in _member(pipreqs, PIPREQS).splitlines():
        module, _, name = line.partition(":")
        if canonicalize_name(name) in shipped:
            found[module].add(canonicalize_name(name))
    lines = {line.split()[0]: line for line in BY_HAND.strip().split("\n")}
    for module, names in found.items():
        line = _line(module, names, used, shipped)
        if line:
            lines.setdefault(module, line)
    kept = [
        line for line in lines.values() if line.split()[1:] != [canonicalize_name(line.split()[0])] or " " not in line
    ]
    wheels = ", ".join("-".join(one.name.split("-")[:2]) for one in (conda_pypi, pipreqs, guarddog))
    heading = f"# Modules, and the libraries that have them, where the names differ. Sources: {wheels}"
    MODULES.write_text("\n".join([heading, *sorted(kept), ""]), encoding="utf-8")


def _line(module: str, names: set[str], used: dict[str, int], shipped: frozenset[str]) -> str:
    """Return the line of a module, '' where its name is that of its library, or where the library is not certain."""
    own = canonicalize_name(module)
    last = len(used)
    if own in used:
        names = names | {own}
    ranked = sorted(names, key=lambda name: (used.get(name, last), name != own, name))
    best = ranked[0]
    if module.lower() in LOCAL | NAMESPACES or is_standard_library(module):
        return ""
    if not module.replace("_", "a").replace(".", "a").isalnum():
        return ""
    if best == own:
        return "" if own in shipped or own not in used else module
    alike = len(own) >= LEAST and (own in best or best in own)
    if best not in used and not alike:
        return ""
    others = [name for name in ranked[1:] if name in used][:MAX_OTHERS]
    return " ".join([module, best, *others])


def _member(wheel: Path, name: str) -> str:
    with ZipFile(wheel) as archive:
        return archive.read(name).decode()


if __name__ == "__main__":
    write_modules(*(Path(one) for one in sys.argv[1:4]))
