"""From loaded modules to libraries: namespaces, shared packages, unknown modules."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.core.maintenance.imported_modules import imported_libraries, shared_packages

MODULES = {
    "scikit-learn": ("sklearn",),
    "matplotlib": ("matplotlib", "mpl_toolkits.mplot3d", "pylab"),
    "basemap": ("mpl_toolkits.basemap",),
    "protobuf": ("google.protobuf",),
    "google-cloud-storage": ("google.cloud.storage",),
    "opencv-python": ("cv2",),
    "opencv-python-headless": ("cv2",),
    "mkl": (),
}


def test_modules_name_their_libraries() -> None:
    """Names differ from modules; a namespace belongs to nobody; unknown modules are ignored."""
    assert imported_libraries(["sklearn", "mpl_toolkits.basemap", "mine"], MODULES) == {"scikit-learn", "basemap"}
    assert imported_libraries(["google.protobuf", "google"], MODULES) == {"protobuf"}
    assert imported_libraries([], MODULES) == frozenset()


def test_a_module_below_a_known_one_counts_for_it() -> None:
    """Reports of shared packages name what is below them; both owners count, neither is called unused."""
    assert imported_libraries(["cv2.gapi"], MODULES) == {"opencv-python", "opencv-python-headless"}
    assert imported_libraries(["sklearn.tree._deep"], MODULES) == {"scikit-learn"}


def test_shared_packages_are_looked_into() -> None:
    """A package of two libraries is shared, and so is one that is around another library's."""
    assert shared_packages(MODULES) == {"cv2"}
    around = {"old-google": ("google",), "protobuf": ("google.protobuf",)}
    assert shared_packages(around) == {"google"}
    assert imported_libraries(["google.protobuf"], around) == {"protobuf"}
    assert imported_libraries(["google.api"], around) == {"old-google"}


@given(st.dictionaries(st.sampled_from("abcde"), st.lists(st.sampled_from(["x", "y.z", "y", "v.w.u"])).map(tuple)))
def test_a_library_is_imported_by_its_own_modules(modules: dict[str, tuple[str, ...]]) -> None:
    """Law: loading any module of a library counts for it, and nothing counts without a module."""
    for library, names in modules.items():
        for name in names:
            assert library in imported_libraries([name], modules)
    silent = {library for library, names in modules.items() if not names}
    assert not imported_libraries(["x", "y.z", "v.w.u"], modules) & silent
