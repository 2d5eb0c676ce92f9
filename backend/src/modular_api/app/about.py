"""What an app says about itself in its merged document, besides its modules."""

from __future__ import annotations

from fastapi import FastAPI

from modular_api.types import Document


def add_about(document: Document, app: FastAPI) -> None:
    """Put summary, contact, licence, terms, servers and tags of an app into a document.

    The app's description of a tag wins.
    """
    about = {
        "summary": app.summary,
        "termsOfService": app.terms_of_service,
        "contact": app.contact,
        "license": app.license_info,
    }
    document["info"].update({key: value for key, value in about.items() if value})
    if app.servers:
        document["servers"] = list(app.servers)
    if app.openapi_tags:
        tags = {
            tag["name"]: tag for tag in (*document.get("tags", ()), *app.openapi_tags)
        }
        document["tags"] = [tags[name] for name in sorted(tags)]
