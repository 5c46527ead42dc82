"""What happened on a data platform in one year: its libraries, people, environments, and who used what."""

from __future__ import annotations

from dataclasses import dataclass

DAYS = 365
ADMIN = "olga"
REVIEWERS = ("ben", "rita")
MEMBERS = ("ana", "carl", "dora", "emil", "finn", "gina", "hugo", "ines")
LEFT = {"gina": 250, "hugo": 300}  # the day on which they left

# The releases of each library, oldest first, with what each needs.
LIBRARIES: dict[str, dict[str, tuple[str, ...]]] = {
    "numpy": {"1.26.4": (), "2.1.3": (), "2.3.0": ()},
    "pandas": {"2.1.4": ("numpy<2", "python-dateutil"), "2.2.3": ("numpy", "python-dateutil")},
    "python-dateutil": {"2.9.0": ("six",)},
    "six": {"1.16.0": (), "1.17.0": ()},
    "scipy": {"1.13.1": ("numpy<2.3",), "1.15.0": ("numpy",)},
    "scikit-learn": {"1.5.2": ("numpy", "scipy", "joblib"), "1.7.0": ("numpy", "scipy", "joblib")},
    "joblib": {"1.4.2": ()},
    "matplotlib": {"3.8.4": ("numpy", "cycler"), "3.10.0": ("numpy", "cycler")},
    "cycler": {"0.12.1": ()},
    "seaborn": {"0.13.2": ("matplotlib", "pandas")},
    "plotly": {"5.24.1": (), "6.1.0": ()},
    "statsmodels": {"0.14.4": ("pandas", "scipy")},
    "pyarrow": {"16.1.0": (), "19.0.0": ()},
    "polars": {"1.9.0": (), "1.26.0": ()},
    "sqlalchemy": {"1.4.54": (), "2.0.36": ()},
    "requests": {"2.31.0": ("urllib3", "idna"), "2.32.3": ("urllib3", "idna")},
    "urllib3": {"1.26.20": (), "2.2.3": ()},
    "idna": {"3.10": ()},
    "pillow": {"10.2.0": (), "10.3.0": (), "11.1.0": ()},
    "opencv": {"4.9.0": ("numpy",)},
    "shapely": {"2.0.6": ("numpy",)},
    "pyproj": {"3.6.1": (), "3.7.0": ()},
    "geopandas": {"0.14.4": ("pandas", "shapely", "pyproj"), "1.0.1": ("pandas", "shapely", "pyproj")},
    "folium": {"0.18.0": ("jinja2",)},
    "jinja2": {"3.1.4": ("markupsafe",)},
    "markupsafe": {"3.0.2": ()},
    "spacy": {"3.7.5": ("numpy<2", "tqdm"), "3.8.4": ("numpy", "tqdm")},
    "tqdm": {"4.66.5": ()},
    "xgboost": {"2.1.3": ("numpy", "scipy")},
    "lifelines": {"0.30.0": ("pandas", "scipy")},
    "openpyxl": {"3.1.5": ()},
    "dask": {"2024.9.1": ("cloudpickle",), "2025.3.0": ("cloudpickle",)},
    "cloudpickle": {"3.1.0": ()},
    "kafka-client": {"2.0.2": ()},
    "great-checks": {"1.2.0": ("pandas",)},
    "pyspark": {"3.5.3": ()},
    "llm-client": {"0.3.1": ("requests",)},
}
CORE = (
    "numpy==2.1.3",
    "pandas==2.2.3",
    "matplotlib==3.10.0",
    "requests==2.32.3",
    "pyarrow==19.0.0",
    "tqdm",
    "openpyxl",
)
SALES = ("pandas", "matplotlib", "seaborn", "sqlalchemy>=2", "openpyxl", "plotly", "requests", "pyarrow", "joblib")
CHURN = (
    "pandas",
    "lifelines",
    "sqlalchemy>=2",
    "xgboost",
    "joblib",
    "tqdm",
    "requests",
    "matplotlib",
)
GEO = ("geopandas>=1", "folium", "requests", "matplotlib", "pillow>=11", "tqdm", "sqlalchemy>=2", "openpyxl")


@dataclass(frozen=True, kw_only=True)
class Use:
    """Some people who launch an environment every `every` days between two days of the year.

    `imports` are the libraries that their sessions import.
    """

    people: tuple[str, ...]
    since: int
    until: int = DAYS
    every: int = 7
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Published:
    """One version: the day on which it was published, and its direct libraries, on a base or a Python."""

    day: int
    libraries: tuple[str, ...]
    base: str = ""
    python: str = "3.11"


@dataclass(frozen=True, kw_only=True)
class Story:
    """One environment: who made it, its versions, who used it, its projects, and how it ended."""

    slug: str
    title: str
    owner: str
    versions: tuple[Published, ...]
    uses: tuple[Use, ...] = ()
    projects: tuple[tuple[str, str], ...] = ()  # (name, owner); each runs every two weeks
    tags: tuple[str, ...] = ()
    deprecated: tuple[int, str] | None = None  # the day, and the successor


def story(slug: str, title: str, owner: str, versions: tuple[Published, ...], *uses: Use, **more: object) -> Story:
    """Return a story."""
    return Story(slug=slug, title=title, owner=owner, versions=versions, uses=uses, **more)  # type: ignore[arg-type]


def v(day: int, *libraries: str, base: str = "", python: str = "3.11") -> Published:
    """Return a version."""
    return Published(day=day, libraries=libraries, base=base, python=python)


def unused(slug: str, title: str, owner: str, day: int, *libraries: str) -> Story:
    """Return an environment that was tried for three weeks and never again."""
    return story(slug, title, owner, (v(day, *libraries),), Use(people=(owner,), since=day, until=day + 21))


STORIES: tuple[Story, ...] = (
    story(
        "platform",
        "Data platform",
        "carl",
        (v(2, *CORE), v(310, *(one.replace("matplotlib==3.10.0", "matplotlib==3.8.4") for one in CORE))),
        Use(people=("ana", "dora", "emil"), since=5, every=5, imports=("pandas", "numpy", "pyarrow")),
        tags=("base",),
        projects=(("nightly-load", "carl"),),
    ),
    story(
        "forecast",
        "Demand forecast",
        "dora",
        (v(20, "statsmodels", "xgboost", base="platform@1"),),
        Use(people=("dora", "emil"), since=22, imports=("pandas", "statsmodels")),
        projects=(("weekly-forecast", "dora"),),
    ),
    story(
        "pricing",
        "Price elasticity",
        "emil",
        (v(25, "scikit-learn", base="platform@1"),),
        Use(people=("emil",), since=27, every=14, imports=("pandas", "scikit-learn")),
    ),
    story(
        "basket",
        "Basket analysis",
        "finn",
        (v(30, "polars", base="platform@1"),),
        Use(people=("finn",), since=31, every=21, imports=("polars",)),
    ),
    story(
        "sales",
        "Sales reporting",
        "ana",
        (v(8, *SALES),),
        Use(people=("ana", "carl", "ines"), since=10, every=6, imports=("pandas", "matplotlib", "sqlalchemy")),
        projects=(("sales-report", "ana"),),
    ),
    story(
        "sales-emea",
        "Sales reporting, EMEA",
        "ines",
        (v(12, *SALES, "polars"),),
        Use(people=("ines",), since=14, every=10, imports=("pandas", "openpyxl")),
    ),
    story(
        "churn",
        "Churn model",
        "emil",
        (v(15, *CHURN, "scikit-learn"),),
        Use(people=("emil", "dora"), since=16, imports=("pandas", "scikit-learn", "lifelines")),
        projects=(("churn-scores", "emil"),),
    ),
    story(
        "churn-weekly",
        "Churn, weekly run",
        "gina",
        (v(18, *CHURN, "scikit-learn<1.6"),),
        Use(people=("gina",), since=19, until=245, imports=("pandas", "scikit-learn")),
        Use(people=("dora",), since=200, every=15, imports=("pandas",)),
    ),
    story(
        "geo",
        "Geodata",
        "finn",
        (v(22, *GEO),),
        Use(people=("finn", "ana"), since=23, imports=("geopandas", "folium")),
        projects=(("tiles", "finn"),),
    ),
    story(
        "maps",
        "Maps for branches",
        "ines",
        (v(40, *GEO, "plotly>=6"),),
        Use(people=("ines",), since=41, every=12, imports=("geopandas", "matplotlib")),
    ),
    story(
        "reports",
        "Monthly reports",
        "carl",
        (
            v(5, "pandas<2.2", "matplotlib<3.10"),
            v(120, "pandas>=2.2", "matplotlib<3.10"),
            v(240, "pandas>=2.2", "seaborn"),
        ),
        Use(people=("carl", "ana"), since=6, every=9, imports=("pandas", "matplotlib")),
        projects=(("month-end", "carl"),),
    ),
    story(
        "etl",
        "Extract and load",
        "carl",
        (v(9, "pyarrow<17", "sqlalchemy<2"), v(180, "pyarrow>=17", "sqlalchemy>=2", "polars")),
        Use(people=("carl", "finn"), since=10, every=8, imports=("pyarrow", "sqlalchemy")),
        projects=(("hourly-orders", "carl"), ("customers", "finn")),
    ),
    story(
        "fraud",
        "Fraud detection",
        "dora",
        (v(35, "scikit-learn<1.6", "pandas"), v(200, "scikit-learn>=1.6", "pandas", "xgboost")),
        Use(people=("dora",), since=36, every=6, imports=("scikit-learn", "pandas")),
    ),
    unused("hackathon", "Hackathon", "finn", 50, "polars", "plotly"),
    unused("poc-llm", "LLM proof of concept", "emil", 60, "llm-client"),
    unused("trial-spark", "Spark trial", "carl", 45, "pyspark", "pandas"),
    unused("old-dash", "Old dashboards", "hugo", 30, "plotly<6", "pandas"),
    unused("kickoff", "Kick-off exercises", "ana", 33, "matplotlib", "polars"),
    unused("benchmarks", "Benchmarks", "dora", 55, "dask", "joblib"),
    unused("interns", "Interns", "hugo", 70, "seaborn", "openpyxl"),
    unused("migration", "Warehouse migration", "carl", 80, "sqlalchemy<2", "pandas", "pyarrow"),
    unused("stream-poc", "Streaming proof of concept", "finn", 95, "kafka-client", "requests"),
    story(
        "survey",
        "Customer survey",
        "gina",
        (v(60, "statsmodels", "openpyxl"),),
        Use(people=("gina",), since=61, until=248),
        Use(people=("ines",), since=210, every=11, imports=("statsmodels", "openpyxl")),
    ),
    story(
        "images",
        "Product images",
        "finn",
        (v(75, "pillow==10.2.0", "opencv"),),
        Use(people=("finn", "ana"), since=76, every=10, imports=("pillow",)),
        projects=(("thumbnails", "finn"),),
    ),
    story(
        "archive",
        "Archive tools",
        "ana",
        (v(6, "pandas<2.2", "openpyxl", python="3.9"),),
        Use(people=("ana",), since=8, every=30, imports=("pandas",)),
    ),
    story(
        "stats",
        "Statistics",
        "emil",
        (v(150, "statsmodels", "seaborn", "pandas>=2.2"),),
        Use(people=("emil", "ines"), since=151, every=8, imports=("statsmodels", "pandas")),
    ),
    story(
        "stats-old",
        "Statistics, before 2.2",
        "emil",
        (v(7, "statsmodels", "pandas<2.2"),),
        Use(people=("emil", "ines"), since=8, until=170, every=8, imports=("statsmodels", "pandas")),
        deprecated=(160, "stats"),
    ),
    story(
        "nlp",
        "Text mining",
        "ines",
        (v(100, "spacy", "requests"),),
        Use(people=("ines", "carl"), since=101, imports=("spacy",)),
    ),
    story(
        "risk",
        "Credit risk",
        "dora",
        (v(110, "scikit-learn", "statsmodels", "xgboost"),),
        Use(people=("dora", "emil"), since=111, every=5, imports=("scikit-learn", "statsmodels")),
        projects=(("risk-scores", "dora"),),
    ),
    story(
        "quality",
        "Data quality",
        "carl",
        (v(130, "great-checks", "dask"),),
        Use(people=("carl",), since=131, every=9, imports=("great-checks",)),
        projects=(("checks", "carl"),),
    ),
)
