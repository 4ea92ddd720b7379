-- Runs once, when the Postgres of docker-compose.yml makes its data: the registry keeps its schemas here.
CREATE DATABASE registry;
