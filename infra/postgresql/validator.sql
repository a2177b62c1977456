-- What `worker registrar` needs of the registrar's database in PostgreSQL, and no more: it makes no account, reads no secret of
-- an external account, and does not see tokens. As the owner of the tables, after the registrar's first start, and again after an
-- upgrade: docs/registrar.md.
GRANT SELECT ON alembic_version, accounts, orders, authorizations, challenges, certificates, requests TO "revocast-validator";
GRANT SELECT (certificate) ON certificate_names TO "revocast-validator";
GRANT SELECT (issuer, kid, account, revoked_at) ON eab_keys TO "revocast-validator";
GRANT UPDATE ON orders, authorizations, challenges TO "revocast-validator";
GRANT DELETE ON accounts, orders, authorizations, challenges, certificates, certificate_names, requests, eab_keys
    TO "revocast-validator";
