# Two images of the trading app: `app` (one process, or some of the modules) and `gateway`.
#
#     docker build -t modular-api .
#     docker build -t modular-api-gateway --target gateway .
#
# Both run as a user without rights, on a root file system that cannot be written.

FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.8 \
    && apt-get update && apt-get install -y --no-install-recommends nginx-light \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app/backend
ENV UV_PROJECT_ENVIRONMENT=/app/.venv UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY backend/pyproject.toml backend/uv.lock backend/README.md backend/LICENSE ./
# Everything but the code itself: a layer that changes only when the lock does.
RUN uv sync --frozen --no-default-groups --group trading --no-install-project \
    --extra cli --extra clients --extra deploy --extra sockets --extra speed
COPY backend/src src
COPY backend/contracts contracts
COPY backend/dev-config.yaml ./
RUN uv sync --frozen --no-default-groups --group trading \
    --extra cli --extra clients --extra deploy --extra sockets --extra speed \
    && /app/.venv/bin/python -m compileall -q src
RUN /app/.venv/bin/modular-api deploy export --target nginx --out /gateway

# The frontend joins here: COPY --from=frontend /dist /gateway/static
FROM nginxinc/nginx-unprivileged:1.28-alpine AS gateway
COPY --from=build --chown=root:root /gateway /gateway
USER 101:101
EXPOSE 8000
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8000/health/live"]
ENTRYPOINT []
CMD ["nginx", "-e", "stderr", "-c", "/gateway/nginx.conf"]

FROM python:3.11-slim-bookworm AS app
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin app
COPY --from=build /app /app
WORKDIR /app/backend
ENV PATH=/app/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
ENTRYPOINT ["modular-api"]
CMD ["run", "--host", "0.0.0.0", "--port", "8000"]
