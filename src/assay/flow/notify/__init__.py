"""Notifications of people and webhooks."""
