# Every target lives in backend/Makefile and works from here too; `make` lists them.

.DEFAULT_GOAL := help

# FORCE: a target named like a folder (`docs`) must not count as up to date.
%: FORCE
	@$(MAKE) --no-print-directory -C backend $@ caller_dir=$(CURDIR)

Makefile: ;
FORCE:
.PHONY: FORCE
