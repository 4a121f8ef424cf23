# Two images from one file: `runtime` for production (API, worker, migration, by command) and
# `dev` with the payment sandbox, the mail catcher and the demo data, for docker-compose.yml.

ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS base
ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PATH=/opt/venv/bin:$PATH
WORKDIR /srv/roost

# Nothing is compiled: every package comes as a wheel whose hash is in the lock file.
FROM base AS packages
RUN python -m venv /opt/venv
COPY deploy/requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --require-hashes --only-binary=:all: -r requirements.lock

FROM base AS dev-packages
RUN python -m venv /opt/venv
COPY requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --require-hashes --only-binary=:all: -r requirements.lock

FROM base AS source
COPY . ./
RUN rm -rf requirements.lock deploy && python -m compileall -q .

# What production runs has no sandbox and no development tools in it.
FROM source AS production-source
RUN rm -rf app/dev app/sandbox

FROM base AS user
RUN useradd --system --uid 10001 --home-dir /var/lib/roost --create-home roost
ENV HOST=0.0.0.0 PORT=8000 WORKER_PORT=8001 MEDIA_DIR=/var/lib/roost/media
EXPOSE 8000 8001
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
# A worker answers on its own port: HEALTH_PORT=8001.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as http; port = os.environ.get('HEALTH_PORT') or os.environ['PORT']; http.urlopen(f'http://127.0.0.1:{port}/health/ready', timeout=4)"]

FROM user AS dev
COPY --from=dev-packages /opt/venv /opt/venv
COPY --from=source /srv/roost ./
USER 10001

FROM user AS runtime
COPY --from=packages /opt/venv /opt/venv
COPY --from=production-source /srv/roost ./
USER 10001
