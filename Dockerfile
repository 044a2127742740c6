# Two images from one file:
#   docker build -t dagster-operator:0.1.0 .                                    the system; the first argument chooses the process
#   docker build -t dagster-operator-user-code:0.1.0 --target user-code .       the base for images of user code
ARG BASE=node:24-bookworm-slim

# What npm needs to know, apart from the sources, so that a change of code installs nothing again.
FROM ${BASE} AS manifests
WORKDIR /src
COPY package.json package-lock.json ./
COPY sdk/package.json sdk/
COPY sdk-duckdb/package.json sdk-duckdb/
COPY engine/package.json engine/
COPY storage/package.json storage/
COPY codeserver/package.json codeserver/
COPY operator/package.json operator/
COPY runworker/package.json runworker/
COPY daemon/package.json daemon/
COPY webserver/package.json webserver/
COPY ui/package.json ui/
COPY cli/package.json cli/
COPY bench/package.json bench/
COPY examples/weather/package.json examples/weather/

FROM manifests AS build
RUN npm ci --ignore-scripts --no-audit --no-fund
ENV PATH=/src/node_modules/.bin:$PATH
# The page changes more seldom than the rest and takes longest.
COPY tsconfig.base.json ./
COPY webserver/schema.graphql webserver/
COPY ui ui
RUN npm run --silent build -w ui
COPY sdk sdk
COPY sdk-duckdb sdk-duckdb
COPY engine engine
COPY storage storage
COPY codeserver codeserver
COPY operator operator
COPY runworker runworker
COPY daemon daemon
COPY webserver webserver
RUN tsc -b sdk-duckdb operator runworker daemon webserver \
  && find . -name '*.map' -path '*/dist/*' -not -path './node_modules/*' -delete

FROM manifests AS system-packages
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund -w operator -w daemon -w webserver

FROM manifests AS user-code-packages
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund -w codeserver -w runworker

FROM ${BASE} AS user-code
# Under this path pods look for the code server and the run worker; your own code has /app to itself.
WORKDIR /opt/dagster-operator
COPY --from=user-code-packages /src/node_modules node_modules
COPY sdk/package.json sdk/
COPY sdk-duckdb/package.json sdk-duckdb/
COPY engine/package.json engine/
COPY codeserver/package.json codeserver/
COPY runworker/package.json runworker/
COPY --from=build /src/sdk/dist sdk/dist
COPY --from=build /src/sdk-duckdb/dist sdk-duckdb/dist
COPY --from=build /src/engine/dist engine/dist
COPY --from=build /src/codeserver/dist codeserver/dist
COPY --from=build /src/runworker/dist runworker/dist
ENV NODE_ENV=production
WORKDIR /app
USER 1000:1000
EXPOSE 3030
CMD ["node", "/opt/dagster-operator/codeserver/dist/main.js", "--file", "definitions.ts", "--host", "0.0.0.0", "--port", "3030"]

FROM ${BASE} AS system
WORKDIR /opt/dagster-operator
COPY --from=system-packages /src/node_modules node_modules
COPY package.json ./
COPY sdk/package.json sdk/
COPY engine/package.json engine/
COPY storage/package.json storage/
COPY storage/migrations storage/migrations
COPY codeserver/package.json codeserver/
COPY operator/package.json operator/
COPY daemon/package.json daemon/
COPY webserver/package.json webserver/
COPY --from=build /src/sdk/dist sdk/dist
COPY --from=build /src/engine/dist engine/dist
COPY --from=build /src/storage/dist storage/dist
COPY --from=build /src/codeserver/dist codeserver/dist
COPY --from=build /src/operator/dist operator/dist
COPY --from=build /src/daemon/dist daemon/dist
COPY --from=build /src/webserver/dist webserver/dist
COPY --from=build /src/ui/dist ui/dist
COPY bin bin
ENV NODE_ENV=production
USER 1000:1000
EXPOSE 3000 9090
ENTRYPOINT ["node", "/opt/dagster-operator/bin/dagster-operator"]
CMD ["--help"]
