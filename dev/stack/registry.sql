-- Runs once, when the Postgres of docker-compose.yml makes its data: the registry keeps its schemas here.
-- Its role can do nothing to the trail. It is for a server that only this machine reaches.
CREATE ROLE registry LOGIN PASSWORD 'registry';
CREATE DATABASE registry OWNER registry;
REVOKE CONNECT ON DATABASE eventtrail FROM PUBLIC;
