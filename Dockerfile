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
COPY sdk-gcs/package.json sdk-gcs/
COPY sdk-postgres/package.json sdk-postgres/
COPY sdk-s3/package.json sdk-s3/
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
COPY ui ui
RUN npm run --silent build -w ui
COPY . .
# What goes into the two images: each workspace's package.json and what was built of it.
RUN tsc -b sdk-duckdb sdk-gcs sdk-postgres sdk-s3 operator runworker daemon webserver \
  && take() { to=/out/$1; shift; for name in "$@"; do \
       mkdir -p $to/$name && cp -r $name/package.json $name/dist $to/$name/; done; } \
  && take system sdk engine storage codeserver operator daemon webserver ui \
  && node tools/bundle-user-code.mjs . \
  && take user-code sdk sdk-duckdb sdk-gcs sdk-postgres sdk-s3 engine codeserver runworker \
  && cp -r storage/migrations /out/system/storage/ && cp -r bin package.json /out/system/ \
  && find /out \( -name '*.map' -o -name '*.tsbuildinfo' \) -delete

FROM manifests AS system-packages
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund -w operator -w daemon -w webserver

FROM manifests AS user-code-packages
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund -w codeserver -w runworker

FROM ${BASE} AS user-code
# Under this path pods look for the code server and the run worker; your own code has /app to itself.
WORKDIR /opt/dagster-operator
COPY --from=user-code-packages /src ./
COPY --from=build /out/user-code ./
ENV NODE_ENV=production
WORKDIR /app
USER 1000:1000
EXPOSE 3030
CMD ["node", "/opt/dagster-operator/codeserver/dist/main.js", "--file", "definitions.ts", "--host", "0.0.0.0", "--port", "3030"]

FROM ${BASE} AS system
WORKDIR /opt/dagster-operator
COPY --from=system-packages /src ./
COPY --from=build /out/system ./
ENV NODE_ENV=production
USER 1000:1000
EXPOSE 3000 9090
ENTRYPOINT ["node", "/opt/dagster-operator/bin/dagster-operator"]
CMD ["--help"]
