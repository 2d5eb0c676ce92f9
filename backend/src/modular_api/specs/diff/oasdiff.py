"""oasdiff's rules: every id with its area, kind, direction and default level.

oasdiff (https://github.com/oasdiff/oasdiff) is the reference for changes of OpenAPI
documents, and its ids are known to many. `rules.py` says what our rules do with each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class OasdiffRule:
    """One rule of oasdiff: `level` is ERR, WARN or INFO, `direction` may be None."""

    id: str
    area: str
    kind: str
    direction: str | None
    level: str


@cache
def oasdiff_rules() -> dict[str, OasdiffRule]:
    """Return oasdiff's rules by id."""
    return {rule.id: rule for rule in _read(_TABLE)}


def _read(table: str) -> Iterator[OasdiffRule]:
    area = kind = direction = level = ""
    for line in table.split("\n"):
        if line.startswith("    "):
            known = None if direction == "-" else direction
            yield OasdiffRule(line.strip(), area, kind, known, level)
        elif line:
            area, kind, direction, level = line.split()


# Indented lines are ids; the others are what the ids below them have in common.
_TABLE = """
Components Existence - ERR
    webhook-removed
Components Existence - INFO
    api-schema-removed
    webhook-added
Headers Existence Response ERR
    required-response-header-removed
Headers Existence Response INFO
    response-header-added
Headers Existence Response WARN
    optional-response-header-removed
Headers Requiredness Response ERR
    response-header-became-nullable
    response-header-became-optional
Headers Requiredness Response INFO
    response-header-became-not-nullable
Headers Type Response ERR
    response-header-type-changed
    response-header-type-generalized
Headers Type Response INFO
    response-header-type-compatible
    response-header-type-specialized
Info Lifecycle - INFO
    api-major-version-not-bumped
    api-version-decreased
    api-version-not-bumped
Parameters Constraints Request ERR
    request-parameter-exclusive-max-decreased
    request-parameter-exclusive-min-increased
    request-parameter-max-decreased
    request-parameter-max-items-decreased
    request-parameter-max-length-decreased
    request-parameter-min-increased
    request-parameter-min-items-increased
    request-parameter-min-length-increased
    request-parameter-pattern-added
Parameters Constraints Request INFO
    request-parameter-exclusive-max-increased
    request-parameter-exclusive-min-decreased
    request-parameter-max-increased
    request-parameter-max-items-increased
    request-parameter-max-length-increased
    request-parameter-min-decreased
    request-parameter-min-items-decreased
    request-parameter-min-length-decreased
    request-parameter-pattern-generalized
    request-parameter-pattern-removed
Parameters Constraints Request WARN
    request-parameter-exclusive-max-set
    request-parameter-exclusive-min-set
    request-parameter-max-length-set
    request-parameter-max-set
    request-parameter-min-items-set
    request-parameter-min-set
    request-parameter-pattern-changed
Parameters Existence Request ERR
    new-request-path-parameter
    new-required-request-default-parameter-to-existing-path
    new-required-request-header-property
    new-required-request-parameter
    request-parameter-removed-before-sunset
Parameters Existence Request INFO
    new-optional-request-default-parameter-to-existing-path
    new-optional-request-parameter
    request-parameter-removed-with-deprecation
Parameters Existence Request WARN
    request-parameter-removed
Parameters Lifecycle Request ERR
    request-parameter-deprecated-sunset-missing
    request-parameter-sunset-date-changed-too-small
    request-parameter-sunset-date-too-small
    request-parameter-sunset-deleted
    request-parameter-sunset-parse
Parameters Lifecycle Request INFO
    request-parameter-deprecated
    request-parameter-reactivated
Parameters Requiredness Request ERR
    request-header-property-became-required
    request-parameter-became-not-nullable
    request-parameter-became-required
    request-parameter-property-became-not-nullable
Parameters Requiredness Request INFO
    request-parameter-became-nullable
    request-parameter-became-optional
    request-parameter-property-became-nullable
Parameters Type Request ERR
    request-parameter-list-of-types-narrowed
    request-parameter-property-list-of-types-narrowed
    request-parameter-property-type-specialized
    request-parameter-type-changed
Parameters Type Request INFO
    request-parameter-list-of-types-widened
    request-parameter-property-list-of-types-widened
    request-parameter-property-type-generalized
    request-parameter-type-generalized
Parameters Type Request WARN
    request-parameter-property-type-changed
Parameters Values Request ERR
    request-header-property-became-enum
    request-parameter-became-enum
    request-parameter-default-value-added
    request-parameter-default-value-changed
    request-parameter-default-value-removed
    request-parameter-enum-value-removed
    request-parameter-property-enum-value-removed
    request-parameter-x-extensible-enum-value-removed
Parameters Values Request INFO
    request-parameter-enum-value-added
    request-parameter-property-enum-value-added
Paths Existence - ERR
    api-path-removed-before-sunset
    api-path-removed-without-deprecation
    api-removed-before-sunset
    api-removed-without-deprecation
Paths Existence - INFO
    api-operation-id-added
    api-operation-id-removed
    api-path-removed-with-deprecation
    api-removed-with-deprecation
    endpoint-added
Paths Lifecycle - ERR
    api-deprecated-sunset-missing
    api-deprecated-sunset-parse
    api-invalid-stability-level
    api-path-sunset-parse
    api-stability-decreased
    api-sunset-date-changed-too-small
    api-sunset-date-too-small
    sunset-deleted
Paths Lifecycle - INFO
    api-stability-increased
    endpoint-deprecated
    endpoint-deprecated-with-sunset
    endpoint-reactivated
RequestBody Existence Request ERR
    request-body-added-required
    request-body-media-type-removed
    request-body-media-type-schema-added
RequestBody Existence Request INFO
    request-body-added-optional
    request-body-media-type-added
    request-body-media-type-schema-removed
RequestBody Requiredness Request ERR
    request-body-became-required
RequestBody Requiredness Request INFO
    request-body-became-optional
RequestBody Type Request ERR
    request-body-content-encoding-changed
    request-body-content-media-type-changed
Responses Existence Response ERR
    response-media-type-removed
    response-success-status-removed
Responses Existence Response INFO
    response-body-media-type-schema-added
    response-media-type-added
    response-non-success-status-added
    response-non-success-status-removed
    response-success-status-added
Responses Existence Response WARN
    response-body-media-type-schema-removed
Responses Type Response ERR
    response-body-content-encoding-changed
    response-body-content-media-type-changed
    response-media-type-name-generalized
Responses Type Response INFO
    response-media-type-name-changed
    response-media-type-name-specialized
Schema Constraints Request ERR
    request-body-exclusive-max-decreased
    request-body-exclusive-min-increased
    request-body-max-contains-decreased
    request-body-max-decreased
    request-body-max-length-decreased
    request-body-min-contains-increased
    request-body-min-increased
    request-body-min-items-increased
    request-body-min-length-increased
    request-body-pattern-property-added
    request-property-exclusive-max-decreased
    request-property-exclusive-min-increased
    request-property-max-contains-decreased
    request-property-max-decreased
    request-property-max-length-decreased
    request-property-min-contains-increased
    request-property-min-increased
    request-property-min-items-increased
    request-property-min-length-increased
    request-property-pattern-added
    request-property-pattern-property-added
Schema Constraints Request INFO
    request-body-exclusive-max-increased
    request-body-exclusive-min-decreased
    request-body-max-contains-increased
    request-body-max-increased
    request-body-max-length-increased
    request-body-min-contains-decreased
    request-body-min-decreased
    request-body-min-length-decreased
    request-body-pattern-property-removed
    request-property-exclusive-max-increased
    request-property-exclusive-min-decreased
    request-property-max-contains-increased
    request-property-max-increased
    request-property-max-length-increased
    request-property-min-contains-decreased
    request-property-min-decreased
    request-property-min-length-decreased
    request-property-pattern-generalized
    request-property-pattern-property-removed
    request-property-pattern-removed
    request-read-only-property-exclusive-max-decreased
    request-read-only-property-exclusive-min-increased
    request-read-only-property-max-decreased
    request-read-only-property-max-length-decreased
    request-read-only-property-min-increased
Schema Constraints Request WARN
    request-body-exclusive-max-set
    request-body-exclusive-min-set
    request-body-max-length-set
    request-body-max-set
    request-body-min-items-set
    request-body-min-set
    request-property-exclusive-max-set
    request-property-exclusive-min-set
    request-property-max-length-set
    request-property-max-set
    request-property-min-items-set
    request-property-min-set
    request-property-pattern-changed
Schema Constraints Response ERR
    response-body-exclusive-max-increased
    response-body-exclusive-min-decreased
    response-body-max-contains-increased
    response-body-max-increased
    response-body-max-length-increased
    response-body-max-length-unset
    response-body-min-contains-decreased
    response-body-min-decreased
    response-body-min-items-decreased
    response-body-min-items-unset
    response-body-min-length-decreased
    response-body-pattern-property-removed
    response-property-exclusive-max-increased
    response-property-exclusive-min-decreased
    response-property-max-contains-increased
    response-property-max-increased
    response-property-max-length-increased
    response-property-max-length-unset
    response-property-min-contains-decreased
    response-property-min-decreased
    response-property-min-items-decreased
    response-property-min-items-unset
    response-property-min-length-decreased
    response-property-pattern-property-removed
Schema Constraints Response INFO
    response-body-max-contains-decreased
    response-body-min-contains-increased
    response-body-pattern-property-added
    response-property-max-contains-decreased
    response-property-min-contains-increased
    response-property-pattern-added
    response-property-pattern-changed
    response-property-pattern-property-added
    response-property-pattern-removed
Schema Existence Request ERR
    new-required-request-property
    new-required-request-property-with-default
    request-body-content-schema-added
    request-body-removed
    request-property-content-schema-added
Schema Existence Request INFO
    new-optional-request-property
    request-body-content-schema-removed
    request-property-content-schema-removed
Schema Existence Request WARN
    request-property-removed
Schema Existence Response ERR
    response-body-content-schema-removed
    response-property-content-schema-removed
    response-required-property-removed
Schema Existence Response INFO
    response-body-content-schema-added
    response-optional-property-added
    response-optional-write-only-property-added
    response-optional-write-only-property-removed
    response-property-content-schema-added
    response-required-property-added
    response-required-write-only-property-added
    response-required-write-only-property-removed
Schema Existence Response WARN
    response-optional-property-removed
Schema Lifecycle Request ERR
    request-property-deprecated-sunset-invalid
    request-property-deprecated-sunset-missing
    request-property-stability-decreased
    request-property-sunset-date-too-small
Schema Lifecycle Request INFO
    request-property-deprecated
    request-property-deprecated-with-sunset
    request-property-reactivated
    request-property-stability-increased
Schema Lifecycle Response ERR
    response-property-deprecated-sunset-invalid
    response-property-deprecated-sunset-missing
    response-property-stability-decreased
    response-property-sunset-date-too-small
Schema Lifecycle Response INFO
    response-property-deprecated
    response-property-deprecated-with-sunset
    response-property-reactivated
    response-property-stability-increased
Schema Mutability Request INFO
    request-optional-property-became-not-read-only
    request-optional-property-became-not-write-only
    request-optional-property-became-read-only
    request-optional-property-became-write-only
    request-required-property-became-not-read-only
    request-required-property-became-not-write-only
    request-required-property-became-read-only
    request-required-property-became-write-only
Schema Mutability Response INFO
    response-optional-property-became-not-read-only
    response-optional-property-became-not-write-only
    response-optional-property-became-read-only
    response-optional-property-became-write-only
    response-required-property-became-not-read-only
    response-required-property-became-read-only
    response-required-property-became-write-only
Schema Mutability Response WARN
    response-required-property-became-not-write-only
Schema Requiredness Request ERR
    request-body-became-not-nullable
    request-property-became-not-nullable
    request-property-became-required
    request-property-became-required-with-default
Schema Requiredness Request INFO
    request-body-became-nullable
    request-property-became-nullable
    request-property-became-optional
Schema Requiredness Response ERR
    response-body-became-nullable
    response-property-became-nullable
    response-property-became-optional
Schema Requiredness Response INFO
    response-body-became-not-nullable
    response-property-became-not-nullable
    response-property-became-required
    response-write-only-property-became-optional
    response-write-only-property-became-required
Schema Structure Request ERR
    request-body-all-of-added
    request-body-any-of-removed
    request-body-contains-added
    request-body-dependent-required-added
    request-body-dependent-required-changed
    request-body-dependent-schema-added
    request-body-else-added
    request-body-if-added
    request-body-one-of-removed
    request-body-prefix-items-removed
    request-body-property-names-added
    request-body-then-added
    request-body-unevaluated-items-added
    request-body-unevaluated-properties-added
    request-body-wrapped-in-one-of
    request-property-all-of-added
    request-property-any-of-removed
    request-property-contains-added
    request-property-dependent-required-added
    request-property-dependent-required-changed
    request-property-dependent-schema-added
    request-property-else-added
    request-property-if-added
    request-property-one-of-removed
    request-property-prefix-items-removed
    request-property-property-names-added
    request-property-then-added
    request-property-unevaluated-items-added
    request-property-unevaluated-properties-added
Schema Structure Request INFO
    request-body-all-of-added-annotation-only
    request-body-all-of-removed-annotation-only
    request-body-any-of-added
    request-body-contains-removed
    request-body-dependent-required-removed
    request-body-dependent-schema-removed
    request-body-discriminator-added
    request-body-discriminator-mapping-added
    request-body-discriminator-mapping-changed
    request-body-discriminator-mapping-deleted
    request-body-discriminator-property-name-changed
    request-body-discriminator-removed
    request-body-else-removed
    request-body-if-removed
    request-body-one-of-added
    request-body-prefix-items-added
    request-body-property-names-removed
    request-body-then-removed
    request-body-unevaluated-items-removed
    request-body-unevaluated-properties-removed
    request-property-all-of-added-annotation-only
    request-property-all-of-removed-annotation-only
    request-property-any-of-added
    request-property-contains-removed
    request-property-dependent-required-removed
    request-property-dependent-schema-removed
    request-property-discriminator-added
    request-property-discriminator-mapping-added
    request-property-discriminator-mapping-changed
    request-property-discriminator-mapping-deleted
    request-property-discriminator-property-name-changed
    request-property-discriminator-removed
    request-property-else-removed
    request-property-if-removed
    request-property-one-of-added
    request-property-prefix-items-added
    request-property-property-names-removed
    request-property-then-removed
    request-property-unevaluated-items-removed
    request-property-unevaluated-properties-removed
Schema Structure Request WARN
    request-body-all-of-removed
    request-property-all-of-removed
Schema Structure Response ERR
    response-body-contains-removed
    response-body-dependent-required-changed
    response-body-dependent-required-removed
    response-body-dependent-schema-removed
    response-body-else-removed
    response-body-if-removed
    response-body-one-of-added
    response-body-prefix-items-added
    response-body-property-names-removed
    response-body-then-removed
    response-body-unevaluated-items-removed
    response-body-unevaluated-properties-removed
    response-body-wrapped-in-one-of
    response-property-contains-removed
    response-property-dependent-required-changed
    response-property-dependent-required-removed
    response-property-dependent-schema-removed
    response-property-else-removed
    response-property-if-removed
    response-property-one-of-added
    response-property-prefix-items-added
    response-property-property-names-removed
    response-property-then-removed
    response-property-unevaluated-items-removed
    response-property-unevaluated-properties-removed
Schema Structure Response INFO
    response-body-all-of-added
    response-body-all-of-added-annotation-only
    response-body-all-of-removed
    response-body-all-of-removed-annotation-only
    response-body-any-of-added
    response-body-any-of-removed
    response-body-contains-added
    response-body-dependent-required-added
    response-body-dependent-schema-added
    response-body-discriminator-added
    response-body-discriminator-mapping-added
    response-body-discriminator-mapping-changed
    response-body-discriminator-mapping-deleted
    response-body-discriminator-property-name-changed
    response-body-discriminator-removed
    response-body-else-added
    response-body-if-added
    response-body-one-of-removed
    response-body-prefix-items-removed
    response-body-property-names-added
    response-body-then-added
    response-body-unevaluated-items-added
    response-body-unevaluated-properties-added
    response-property-all-of-added
    response-property-all-of-added-annotation-only
    response-property-all-of-removed
    response-property-all-of-removed-annotation-only
    response-property-any-of-added
    response-property-any-of-removed
    response-property-contains-added
    response-property-dependent-required-added
    response-property-dependent-schema-added
    response-property-discriminator-added
    response-property-discriminator-mapping-added
    response-property-discriminator-mapping-changed
    response-property-discriminator-mapping-deleted
    response-property-discriminator-property-name-changed
    response-property-discriminator-removed
    response-property-else-added
    response-property-if-added
    response-property-one-of-removed
    response-property-prefix-items-removed
    response-property-property-names-added
    response-property-then-added
    response-property-unevaluated-items-added
    response-property-unevaluated-properties-added
Schema Type Request ERR
    request-body-list-of-types-narrowed
    request-body-type-changed
    request-property-content-encoding-changed
    request-property-content-media-type-changed
    request-property-list-of-types-narrowed
    request-property-type-changed
Schema Type Request INFO
    request-body-list-of-types-widened
    request-body-type-compatible
    request-body-type-generalized
    request-property-list-of-types-widened
    request-property-type-compatible
    request-property-type-generalized
Schema Type Response ERR
    response-body-list-of-types-widened
    response-body-type-changed
    response-body-type-generalized
    response-property-content-encoding-changed
    response-property-content-media-type-changed
    response-property-list-of-types-widened
    response-property-type-changed
    response-property-type-generalized
Schema Type Response INFO
    response-body-list-of-types-narrowed
    response-body-type-compatible
    response-body-type-specialized
    response-property-list-of-types-narrowed
    response-property-type-compatible
    response-property-type-specialized
Schema Values Request ERR
    request-body-became-enum
    request-body-const-added
    request-body-const-changed
    request-body-enum-value-removed
    request-property-became-enum
    request-property-const-added
    request-property-const-changed
    request-property-enum-value-removed
    request-property-x-extensible-enum-value-removed
Schema Values Request INFO
    request-body-const-removed
    request-body-default-value-added
    request-body-default-value-changed
    request-body-default-value-removed
    request-property-const-removed
    request-property-default-value-added
    request-property-default-value-changed
    request-property-default-value-removed
    request-property-enum-value-added
    request-read-only-property-enum-value-removed
Schema Values Response ERR
    response-body-const-changed
    response-body-const-removed
    response-property-const-changed
    response-property-const-removed
Schema Values Response INFO
    response-body-const-added
    response-body-default-value-added
    response-body-default-value-changed
    response-body-default-value-removed
    response-mediatype-enum-value-removed
    response-property-const-added
    response-property-default-value-added
    response-property-default-value-changed
    response-property-default-value-removed
    response-property-enum-value-removed
    response-write-only-property-enum-value-added
Schema Values Response WARN
    response-property-enum-value-added
Security Existence - INFO
    api-global-security-added
    api-global-security-removed
    api-global-security-scope-added
    api-global-security-scope-removed
    api-security-added
    api-security-component-added
    api-security-component-oauth-scope-added
    api-security-component-oauth-scope-removed
    api-security-component-removed
    api-security-removed
    api-security-scope-added
    api-security-scope-removed
Security Type - INFO
    api-security-component-oauth-scope-changed
    api-security-component-oauth-token-url-changed
    api-security-component-oauth-url-changed
    api-security-component-type-changed
Tags Existence - INFO
    api-tag-added
    api-tag-removed
"""
