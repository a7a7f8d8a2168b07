# Two images: cpu (the default) and cuda. docs/docker.md says how to build and run them, scripts/docker-check checks
# them.
#
# The bases are pinned. Behind each name is the tag that it was pinned at:
#   debian:bookworm-slim                    bookworm-20261005-slim
#   nvidia/cuda:13.0.1-*-ubuntu24.04        the same tags; CUDA 13.0.1 has nvcc 13.0.88
ARG DEBIAN_IMAGE=docker.io/library/debian:bookworm-slim@sha256:7c7b2c966bc9ee8cedfeef67e0e279108992c77681fa595db4a9d65c06ccc587
ARG CUDA_DEVEL_IMAGE=docker.io/nvidia/cuda:13.0.1-devel-ubuntu24.04@sha256:7d2f6a8c2071d911524f95061a0db363e24d27aa51ec831fcccf9e76eb72bc92
ARG CUDA_RUNTIME_IMAGE=docker.io/nvidia/cuda:13.0.1-runtime-ubuntu24.04@sha256:c3fde347d52d578c84fd644bc177bc7ec333feaf11550d990da4084d7612e4c7

# --- cuda: build -----------------------------------------------------------------------------------------------------
FROM ${CUDA_DEVEL_IMAGE} AS build-cuda
ARG SOURCE_DATE_EPOCH
ARG SNAPSHOT=""
WORKDIR /source
COPY scripts scripts
# The secrets are for sites behind a mirror, and optional: settings and sources of apt, settings of pip, certificates.
RUN --mount=type=secret,id=apt.conf --mount=type=secret,id=apt.list scripts/docker/packages.sh build
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    scripts/docker/arrow.sh
COPY . .
ARG SIGMAHAT_REVISION=unknown
ARG CUDA_ARCHITECTURES=""
RUN scripts/docker/build.sh ON

# --- cuda: run -------------------------------------------------------------------------------------------------------
FROM ${CUDA_RUNTIME_IMAGE} AS cuda
ARG SOURCE_DATE_EPOCH
ARG SNAPSHOT=""
RUN --mount=type=bind,source=scripts,target=/mnt \
    --mount=type=secret,id=apt.conf --mount=type=secret,id=apt.list /mnt/docker/packages.sh run
COPY --from=build-cuda /image/root/ /
COPY --from=build-cuda --chown=65532:65532 /image/data /data
USER 65532:65532
WORKDIR /data
ARG SIGMAHAT_REVISION=unknown
ARG SIGMAHAT_VERSION=0.1.0
ARG SIGMAHAT_SOURCE=""
LABEL org.opencontainers.image.title="SigmaHat" \
      org.opencontainers.image.description="Gaussian models and least squares on GPUs and CPUs" \
      org.opencontainers.image.version="${SIGMAHAT_VERSION}" \
      org.opencontainers.image.revision="${SIGMAHAT_REVISION}" \
      org.opencontainers.image.source="${SIGMAHAT_SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"
HEALTHCHECK --interval=10m --timeout=1m --retries=1 CMD ["sigmahat", "selftest"]
ENTRYPOINT ["sigmahat"]

# --- cpu: build ------------------------------------------------------------------------------------------------------
FROM ${DEBIAN_IMAGE} AS build-cpu
ARG SOURCE_DATE_EPOCH
ARG SNAPSHOT=""
WORKDIR /source
COPY scripts scripts
RUN --mount=type=secret,id=apt.conf --mount=type=secret,id=apt.list scripts/docker/packages.sh build
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    scripts/docker/arrow.sh
COPY . .
ARG SIGMAHAT_REVISION=unknown
RUN scripts/docker/build.sh OFF

# --- cpu: run --------------------------------------------------------------------------------------------------------
FROM ${DEBIAN_IMAGE} AS cpu
ARG SOURCE_DATE_EPOCH
ARG SNAPSHOT=""
RUN --mount=type=bind,source=scripts,target=/mnt \
    --mount=type=secret,id=apt.conf --mount=type=secret,id=apt.list /mnt/docker/packages.sh run
COPY --from=build-cpu /image/root/ /
COPY --from=build-cpu --chown=65532:65532 /image/data /data
USER 65532:65532
WORKDIR /data
ARG SIGMAHAT_REVISION=unknown
ARG SIGMAHAT_VERSION=0.1.0
ARG SIGMAHAT_SOURCE=""
LABEL org.opencontainers.image.title="SigmaHat" \
      org.opencontainers.image.description="Gaussian models and least squares on GPUs and CPUs" \
      org.opencontainers.image.version="${SIGMAHAT_VERSION}" \
      org.opencontainers.image.revision="${SIGMAHAT_REVISION}" \
      org.opencontainers.image.source="${SIGMAHAT_SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"
HEALTHCHECK --interval=10m --timeout=1m --retries=1 CMD ["sigmahat", "selftest"]
ENTRYPOINT ["sigmahat"]
