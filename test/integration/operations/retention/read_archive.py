"""Prints how pyarrow and DuckDB see an archive: types, and values that both read alike."""

import hashlib
import json
import sys

import duckdb
import pyarrow.parquet as parquet

path = sys.argv[1]
table = parquet.read_table(path)
described = duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{path}')").fetchall()
ids = [row[0] for row in duckdb.sql(f"SELECT id FROM '{path}'").fetchall()]
micros = [row[0] for row in duckdb.sql(f"SELECT epoch_us(occurred_at) FROM '{path}'").fetchall()]
assert ids == table.column("id").to_pylist()
assert micros == table.column("occurred_at").cast("int64").to_pylist()
assert [json.loads(payload) for payload in table.column("payload").to_pylist()]
print(
    json.dumps(
        {
            "pyarrow": {field.name: str(field.type) for field in table.schema},
            "duckdb": dict(described),
            "rows": table.num_rows,
            "month": table.schema.metadata[b"eventtrail.month"].decode(),
            "ids_sha256": hashlib.sha256("".join(f"{each}\n" for each in ids).encode()).hexdigest(),
            "micros": micros,
        }
    )
)
