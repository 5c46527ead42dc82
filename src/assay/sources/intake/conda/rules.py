"""Which packages of conda are no Python libraries: native libraries, programs, libraries of other languages."""

from __future__ import annotations

import re
from collections.abc import Collection

NATIVE = "is a native library that wheels bring along"
PROGRAM = "is a program of conda, not a Python library"
COMPILED = "is a native library or a program of conda, not a Python library"
LANGUAGES = {
    "r-": "is a library of R, not of Python",
    "perl-": "is a library of Perl, not of Python",
    "ros-": "is a package of ROS, which Python indexes do not have",
    "ros2-": "is a package of ROS, which Python indexes do not have",
}
HELPER = "is a part of how conda packs Python libraries; wheels need none"
VARIANT = "selects a build of conda; wheels have their own"
COLLECTION = "is a collection of libraries; add those that you use"
CONDA_ITSELF = "is a part of conda itself, which the environment does not need"

# Names that no rule below tells from those of Python libraries. A build or a channel's mapping tells most others.
NATIVE_NAMES = frozenset(
    """
    abseil-cpp alsa-lib aom armadillo assimp at-spi2-atk at-spi2-core atk-1.0 attr binutils blas blosc boost
    brotli brotli-bin brunsli bzip2 c-ares c-compiler ca-certificates cairo ceres-solver cfitsio cgal charls clang
    clangxx cli11 coin-or-cbc compilers console_bridge cudatoolkit cudnn curl cutensor cxx-compiler cyrus-sasl dal
    dav1d dbus double-conversion eigen elfutils epoxy expat fftw flann flatbuffers fmt fontconfig fortran-compiler
    freeglut freetype freexl fribidi gcc gdk-pixbuf geos geotiff gettext gflags gfortran giflib gl2ps glew glfw
    glib glib-tools glog glpk gmp gnutls graphite2 gsl gst-plugins-base gstreamer gtest gtk2 gtk3 gtk4 gxx
    harfbuzz hdf4 hdf5 hicolor-icon-theme hunspell icu igraph imath intel-openmp ipopt isl jasper jemalloc jpeg
    json-c jxrlib kealib keyutils krb5 lame lapack lapackpp lcms2 ld_impl lerc leveldb lld llvm llvm-openmp
    llvm-tools llvmdev lz4-c lzo magma metis mkl mkl-devel mkl-include mpc mpfr mpg123 mpi mpich msmpi mumps
    mysql-common mysql-libs nanoflann nccl ncurses nettle nlohmann_json nlopt-cpp nomkl nspr nss numactl octomap
    onetbb openblas opencl-headers openexr openh264 openjpeg openldap openmpi openssl orc orocos-kdl p11-kit pango
    pcl pcre pcre2 pixman poppler-data popt proj proj4 pthread-stubs pugixml pulseaudio-client pybind11-abi
    python_abi qhull qt qt-main qt-webengine qt6-main qtbase rapidjson rdma-core re2 readline rtmidi s2n scotch
    sdl2 sdl2_gfx sdl2_image sdl2_mixer sdl2_ttf snappy soxr spdlog sqlite suitesparse superlu svt-av1 sysroot
    szip tbb tbb-devel tinyxml tinyxml2 tk toml11 tzdata ucrt ucx unixodbc urdfdom urdfdom_headers uriparser
    utfcpp vc vc14_runtime vcomp14 vs2015_runtime wayland x264 x265 xcb-util xerces-c xkeyboard-config xtensor xtl
    xxhash xz yaml yaml-cpp zeromq zfp zlib zlib-ng zstd
    """.split()  # noqa: SIM905 - a table of 200 lines reads no better
)
PROGRAMS = frozenset(
    """
    7za autoconf automake bash bcftools bedtools binaryen bison blast bowtie2 bwa bzip2-tools ccache cdo cmake-bin
    code-server coreutils cppcheck crane curl-bin docker-cli docker-compose doxygen emacs ffmpeg findutils firefox
    fish flex freebayes fzf gawk gdb geckodriver gh ghostscript git git-lfs gmsh gmt gnupg gnuplot go
    google-cloud-sdk gperf graphviz grep gzip hadoop helm hisat2 htop imagemagick jq julia kubectl kubernetes
    libtool m4 make maven meson-bin micro minimap2 mongodb mysql nano nco nextflow nginx ninja-bin nodejs nsis
    openjdk openssh openssl-bin p7zip pandoc parallel patch patchelf perl pkg-config plink plink2 poppler posix
    postgresql r-base rclone redis-server rsync ruby rust samtools scala sed seqtk singularity slurm sratoolkit
    star swig syncthing tar tectonic terraform tesseract texinfo texlive-core tini tmux tree unrar unzip valgrind
    vim wget which xvfb yarn zip zsh
    """.split()  # noqa: SIM905 - the same
)
VARIANTS = frozenset({"cpuonly", "pytorch-cuda", "pytorch-mutex", "cuda-version", "arrow-cpp-proc", "blas-devel"})
HELPERS = frozenset(
    {"backports", "nbconvert-pandoc", "polars-default", "pyqt-impl", "python-gil", "python-freethreading"}
)
COLLECTIONS = frozenset({"anaconda", "_anaconda_depends", "rapids"})
OF_CONDA = frozenset(
    """
    anaconda-anon-usage anaconda-client anaconda-navigator anaconda-project boa conda conda-build
    conda-content-trust conda-env conda-index conda-libmamba-solver conda-lock conda-pack conda-package-handling
    conda-package-streaming conda-repo-cli conda-token conda-tree conda-verify libmambapy mamba menuinst
    micromamba miniconda miniforge navigator-updater nb_conda nb_conda_kernels
    """.split()  # noqa: SIM905 - the same
)
NATIVE_LOOK = re.compile(
    r"(lib|_|m2-|m2w64-|msys2-|xorg-|font-ttf-|fonts-|aws-c-|aws-checksums|aws-crt-|aws-sdk-|azure-.*-cpp|cuda-"
    r"|gstreamer|gst-|coin-or-|intel-|dpcpp|elfutils|kernel-headers|sysroot|vs20\d\d|ucx-|xcb-util-|qt-|qt6-).*"
    r"|.*(-cpp|-c|-ng|-dev|-devel|-headers|-static|-libs|_(linux|osx|win)-\w+)"
)
PYTHON_BUILD = re.compile(r"(^|[^a-z])(py(\d|h|_|pi))")
PYTHON_NAME = re.compile(r"py.*|.*(4py|[-_.](py|python))")
WITH_EXTRA = re.compile(r"(?P<name>.+)-with-(?P<extra>.+)")
SHORTENED = re.compile(r"(?P<name>.+)-(base|core|minimal)")
LANGUAGE_NAMED = re.compile(r"(?P<name>.+)-(py|python)|(py|python)-(?P<other>.+)")


def reason_against(name: str) -> str:
    """Return why a package of conda is no Python library, '' where its name alone does not say."""
    if name in COLLECTIONS:
        return COLLECTION
    if name in OF_CONDA:
        return CONDA_ITSELF
    if name in HELPERS:
        return HELPER
    if name in VARIANTS:
        return VARIANT
    if name in PROGRAMS:
        return PROGRAM
    language = next((reason for prefix, reason in LANGUAGES.items() if name.startswith(prefix)), "")
    return language or (NATIVE if name in NATIVE_NAMES else "")


def shortened(name: str, known: Collection[str]) -> str | None:
    """Return a known Python library of which a name is one part (`dask-core`), or a binding (`python-gmsh`).

    `-base` and `-minimal` are always parts, but for native libraries (`libwebp-base`).
    """
    part, binding = SHORTENED.fullmatch(name), LANGUAGE_NAMED.fullmatch(name)
    if part and (part["name"] in known or not (name.endswith("-core") or looks_native(part["name"]))):
        return part["name"]
    named = (binding["name"] or binding["other"]) if binding else None
    return named if named in known else None


def looks_native(name: str) -> bool:
    """Return whether a name has the form of a native library; some Python libraries have it too."""
    return NATIVE_LOOK.fullmatch(name) is not None
