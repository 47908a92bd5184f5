# The console's page is built into the package and kept there, so that installing Vigie needs no npm.

.PHONY: web web-check

web:  ## build frontend/ into src/vigie/web/static
	cd frontend && npm ci && npm run build

web-check:  ## build again beside it, and fail when what is kept is not what frontend/ gives
	rm -rf build/web
	cd frontend && npm ci && VIGIE_WEB_OUT=../build/web npm run build
	node frontend/scripts/compare.mjs build/web src/vigie/web/static
