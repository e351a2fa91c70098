"""A log as Parquet, for pandas, Polars, DuckDB and PlotJuggler."""

from pathlib import Path

import numpy as np

from robocalc.errors import EngineUnavailable
from sims.log import CHANNELS
from sims.record.export import estimated, open_log, seen, whole_file
from sims.record.logs import header_of


def export_parquet(source, path, joints=(), prismatic=None) -> Path:
    """Write `path`: the columns of `export_csv`, float64, null in rows in which the world was not looked at.

    raises   EngineUnavailable without pyarrow; InvalidInput and RunNotSaved like export_csv
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise EngineUnavailable("Parquet needs pyarrow: pip install 'robocalc[export]'") from None
    log, joints, prismatic = open_log(source, joints, prismatic)
    header = header_of(log, joints, prismatic)
    columns = {"t [s]": pyarrow.array(log.t)}
    for channel in CHANNELS:
        for i, joint in enumerate(header.joints):
            values = np.ascontiguousarray(getattr(log, channel)[:, i])
            columns[f"{channel}.{joint} [{header.units[channel][i]}]"] = pyarrow.array(values)
    for name, rows, values in (*estimated(log, header), *seen(log)):
        column = np.full(len(log.joint), np.nan)
        column[rows] = values
        looked = np.zeros(len(log.joint), bool)
        looked[rows] = True
        columns[name] = pyarrow.array(column, mask=~looked)
    table = pyarrow.table(columns).replace_schema_metadata({"robocalc.dt": repr(log.dt), "robocalc.time": "s"})
    with whole_file(path) as partial:
        pyarrow.parquet.write_table(table, partial, compression="zstd")
    return Path(path)
