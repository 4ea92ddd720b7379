-- Where the trail is proved, an entry has the digest of such a row over this salt and the row: docs/proof-format.md.
ALTER TABLE retention_holds ADD COLUMN salt bytea CHECK (octet_length(salt) = 16);
ALTER TABLE retention_releases ADD COLUMN salt bytea CHECK (octet_length(salt) = 16);
ALTER TABLE disclosures ADD COLUMN salt bytea CHECK (octet_length(salt) = 16);
