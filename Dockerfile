FROM node:20-bookworm-slim
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts
COPY scripts scripts
COPY projections projections
COPY src src
RUN node scripts/build.mjs && mkdir /data && chown node /data
USER node
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data PROTOCOLS=rightech
VOLUME /data
EXPOSE 8080
CMD ["node", "dist/main.js"]
