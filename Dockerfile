# One image for every long-running part: docker run eventtrail sink | indexer | notifier | migrate | …
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY dev/package.json dev/
RUN npm ci --ignore-scripts
COPY . .
# The platform packages are for clones: Postgres and a second Node have no place in an image.
# nodemailer is an optional peer, which only the notifier loads; it depends on nothing.
RUN npm run build && cp -r node_modules/nodemailer /nodemailer \
 && npm prune --ignore-scripts --omit=dev --omit=optional && cp -rn /nodemailer node_modules/

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/bin bin
COPY --from=build /app/dist dist
USER node
# On a machine with much memory Node 24 lets young objects take 128 MiB; so they take 32, as with Node 22.
ENTRYPOINT ["node", "--max-semi-space-size=16", "bin/eventtrail.mjs"]
CMD ["--help"]
