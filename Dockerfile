# The control plane as a service, and in docker-compose.yml: `docker build .`
#
# No program of the target's own platform runs while it is built, so that an image for arm64 comes
# from any machine, without emulation.

ARG PYTHON=3.13

FROM --platform=$BUILDPLATFORM python:$PYTHON-slim AS build
ARG PYTHON
ARG TARGETARCH=amd64
WORKDIR /build
COPY requirements-server.lock .
RUN case "$TARGETARCH" in arm64) machine=aarch64 ;; *) machine=x86_64 ;; esac \
    && platforms="--platform manylinux2014_$machine" \
    && for glibc in 34 31 28 27 26 24 17; do \
         platforms="$platforms --platform manylinux_2_${glibc}_$machine"; \
       done \
    && python -m pip install --quiet --no-cache-dir --disable-pip-version-check \
         --require-hashes --no-deps --only-binary :all: --python-version $PYTHON $platforms \
         --target packages -r requirements-server.lock
COPY infra/__init__.py infra/__init__.py
COPY infra/package infra/package
COPY migrations app/migrations
COPY src app/src
RUN python -m infra.package.wheels packages \
    && python -m compileall -q packages app/src \
    && mkdir state

FROM python:$PYTHON-slim
WORKDIR /app
ENV PYTHONPATH=/app/src:/app/packages PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
COPY --from=build /build/packages packages
COPY --from=build /build/app .
COPY --from=build --chown=10001:10001 /build/state /state
USER 10001:10001
EXPOSE 8080
CMD ["python", "-m", "controlplane.server", "--host", "0.0.0.0"]
