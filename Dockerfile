# tinypareto's daemon with the host and Arm compilers. Build: docker build -t tinypareto .
# BASE must be a glibc system with apt-get (Debian or Ubuntu) that has Node 24 and npm, or Node 20 and npm (the lockfile brings 24).
ARG BASE=node:24-bookworm-slim
FROM ${BASE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY optimizer/package.json optimizer/
COPY evaluators/package.json evaluators/
COPY hw-agents/package.json hw-agents/
RUN npm ci --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund

FROM ${BASE}
RUN apt-get update -qq \
  && apt-get install -y -qq --no-install-recommends gcc libc6-dev gcc-arm-none-eabi libnewlib-arm-none-eabi bubblewrap \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --create-home --shell /usr/sbin/nologin tinypareto
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY . .
RUN mkdir /data && chown tinypareto /data
USER tinypareto
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/tinypareto.cjs"]
CMD ["serve", "--data", "/data", "--port", "8080"]
