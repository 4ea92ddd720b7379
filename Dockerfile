# One image for every long-running part: docker run eventtrail sink | indexer | notifier | migrate | …
# A release names its base by digest: docker build --build-arg NODE_IMAGE=node:24-slim@sha256:… .
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY dev/package.json dev/
RUN npm ci --ignore-scripts
COPY . .
# The platform packages are for clones: Postgres and a second Node have no place in an image.
# Optional peers: nodemailer and the client of OpenSearch, with what it needs, which notifier and indexer load; hyparquet and
# aws4fetch for archives and exports.
RUN node dev/tools/build.mjs \
 && tar -C node_modules -cf ../peers.tar nodemailer @opensearch-project/opensearch aws4 debug json11 ms \
      aws4fetch hyparquet hyparquet-writer \
 && npm prune --ignore-scripts --omit=dev --omit=optional && tar -C node_modules --skip-old-files -xf ../peers.tar \
 && rm -rf node_modules/eventtrail-stack node_modules/.package-lock.json

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="eventtrail" \
      org.opencontainers.image.source="https://github.com/eventtrail/eventtrail" \
      org.opencontainers.image.licenses="Apache-2.0"
# Nothing at run time needs a package manager, and nothing is written: the root file system may be read-only.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
           /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-*
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/bin bin
COPY --from=build /app/dist dist
# The user `node` of the base image, as a number: Kubernetes asks for one to see that it is not root.
USER 1000:1000
# On a machine with much memory Node 24 lets young objects take 128 MiB; so they take 32, as with Node 22.
# The process may read files and use the network; Node refuses it to write, to start programs and to load native code.
ENTRYPOINT ["node", "--max-semi-space-size=16", "--permission", "--allow-fs-read=*", "bin/eventtrail.mjs"]
CMD ["--help"]
