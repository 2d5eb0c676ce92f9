# The trading app in an image of its own, and the gateway for the profile `split`:
#
#     docker build --target app .        one process: all modules, or those in ENABLED_MODULES
#     docker build --target gateway .    nginx, in front of one process a module
#
# Both run as a user without rights, on a root that may be read-only.

ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG NGINX_IMAGE=nginxinc/nginx-unprivileged:1.28-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.13.8
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv==${UV_VERSION}
WORKDIR /app/backend
# Dependencies first: they stay cached while only the code changes.
COPY backend/pyproject.toml backend/uv.lock backend/README.md backend/LICENSE ./
RUN uv sync --frozen --no-default-groups --group trading --extra cli --extra clients --extra deploy --extra sockets --extra speed --no-install-project
COPY backend/src ./src
COPY backend/contracts ./contracts
RUN uv sync --frozen --no-default-groups --group trading --extra cli --extra clients --extra deploy --extra sockets --extra speed \
    && .venv/bin/python -m compileall -q src

FROM ${PYTHON_IMAGE} AS app
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin app
COPY --from=build /app /app
WORKDIR /app/backend
# Nothing is generated in production: the image holds what was generated and committed.
ENV PATH=/app/backend/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GENERATION=off
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
STOPSIGNAL SIGTERM
CMD ["modular-api", "run", "--app", "trading_api.main:app", "--host", "0.0.0.0", "--port", "8000"]
