# Sluss as a command:  docker build -t sluss .  and  docker run --rm -v sluss:/var/lib/sluss sluss demo
# Without PGHOST or DATABASE_URL it runs its embedded Postgres in the volume, as long as the container lives.
FROM python:3.11-slim

# An ordinary user: the embedded Postgres runs as whoever starts it, and nothing here needs root.
RUN useradd --create-home --uid 1000 sluss \
    && install -d -o sluss -m 0700 /var/lib/sluss

WORKDIR /app
COPY --chown=sluss . .
# Editable: dbt's project, the seeds and the sample day are used where they lie.
RUN pip install --no-cache-dir --disable-pip-version-check -c constraints.txt -e . \
    && chown sluss /app

USER sluss
ENV SLUSS_HOME=/var/lib/sluss
VOLUME /var/lib/sluss
ENTRYPOINT ["sluss"]
CMD ["--help"]
